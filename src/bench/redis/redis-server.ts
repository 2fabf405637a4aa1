/** Redis for the benchmarks: on the load's core, in memory only, on a port of its own. */
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { freePort, type RunningServer, startServer } from '../load/server.js';

/** @param port where it was before, for a restart */
export async function startRedis(port?: number): Promise<RunningServer> {
  const ownPort = port ?? (await freePort());
  const settings = { port: ownPort, bind: '127.0.0.1', dir: tmpdir(), save: '', appendonly: 'no' };
  return startServer({
    core: 'load',
    command: 'redis-server',
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    port: ownPort,
    isReady: () => isReady(ownPort),
  });
}

export function redisUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    socket.on('error', reject);
    socket.once('data', (reply) => {
      socket.destroy();
      resolve(reply.toString().startsWith('+PONG'));
    });
    socket.write('PING\r\n');
  });
}
