/** A Redis that is killed and started again and still has every write that it has acknowledged. */
import { freePort, type RunningServer, replies, startServer } from '../load/server.js';

/**
 * @param directory of its file; what that has is there again
 * @param port where it was before
 */
export async function startDurableRedis(directory: string, port?: number): Promise<RunningServer> {
  const ownPort = port ?? (await freePort());
  // Its file is written before a reply is sent, and the system keeps what a process has written that dies.
  const settings = {
    port: ownPort,
    bind: '127.0.0.1',
    dir: directory,
    save: '',
    appendonly: 'yes',
    appendfsync: 'no',
  };
  return startServer({
    core: 'any',
    command: 'redis-server',
    args: Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]),
    port: ownPort,
    isReady: () => replies(ownPort, 'PING\r\n', '+PONG'),
  });
}
