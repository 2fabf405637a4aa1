/** memcached: one worker thread, on the server's core. */
import { userInfo } from 'node:os';
import { freePort, type RunningServer, replies, startServer } from '../load/server.js';

/** @param memory in MiB */
export async function startMemcached(memory: number): Promise<RunningServer> {
  const port = await freePort();
  const flags = {
    ...{ '-l': '127.0.0.1', '-p': port, '-U': 0, '-t': 1, '-m': memory, '-c': 4096 },
    // It does not run as root unless it is told to.
    '-u': userInfo().username,
  };
  return startServer({
    core: 'server',
    command: 'memcached',
    args: Object.entries(flags).flatMap(([flag, value]) => [flag, String(value)]),
    port,
    isReady: () => replies(port, 'version\r\n', 'VERSION'),
  });
}
