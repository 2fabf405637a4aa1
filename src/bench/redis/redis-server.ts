/** Redis for the benchmarks: in memory only, on a port of its own. */
import { tmpdir } from 'node:os';
import { freePort, type RunningServer, replies, type ServerStart, startServer } from '../load/server.js';

/**
 * @param port where it was before, for a restart
 * @param core the load's, where it stands behind the server that is measured
 * @param more settings of redis.conf
 */
export async function startRedis(
  port?: number,
  core: ServerStart['core'] = 'load',
  more: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const ownPort = port ?? (await freePort());
  const settings = { port: ownPort, bind: '127.0.0.1', dir: tmpdir(), save: '', appendonly: 'no', ...more };
  return startServer({
    core,
    command: 'redis-server',
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    port: ownPort,
    isReady: () => replies(ownPort, 'PING\r\n', '+PONG'),
  });
}

export function redisUrl(port: number): string {
  return `redis://127.0.0.1:${port}`;
}
