/** The programs of our own that hotshard is compared with, each in a process on the server's core. */
import { fileURLToPath } from 'node:url';
import { answers, freePort, type RunningServer, startServer } from '../load/server.js';

export type ProgramName = 'node-http' | 'fastify' | 'hapi';

/** @param keys that its cache has room for */
export async function startProgram(name: ProgramName, keys: number): Promise<RunningServer> {
  const port = await freePort();
  return startServer({
    core: 'server',
    command: process.execPath,
    args: [fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url)), String(port), String(keys)],
    environment: { NODE_ENV: 'production' },
    port,
    isReady: () => answers(port, '/get/key', [200, 404]),
  });
}
