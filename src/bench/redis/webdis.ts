/** Webdis, an HTTP server in front of Redis: one thread, on the server's core. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answers, freePort, type RunningServer, startServer } from '../load/server.js';
import { withTemporaryFolder } from '../temporary.js';

export async function startWebdis(redisPort: number): Promise<RunningServer> {
  const port = await freePort();
  return withTemporaryFolder('webdis', (folder) => {
    const file = join(folder, 'webdis.json');
    const settings = {
      ...{ redis_host: '127.0.0.1', redis_port: redisPort, redis_auth: null, database: 0 },
      ...{ http_host: '127.0.0.1', http_port: port, threads: 1, daemonize: false },
      ...{ verbosity: 0, logfile: join(folder, 'webdis.log') },
    };
    writeFileSync(file, JSON.stringify(settings));
    return startServer({
      core: 'server',
      command: 'webdis',
      args: [file],
      port,
      isReady: () => answers(port, '/PING'),
    });
  });
}
