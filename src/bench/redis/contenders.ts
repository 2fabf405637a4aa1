/** Who is compared in front of Redis, and how each is started. All have one thread for requests. */
import { fileURLToPath } from 'node:url';
import type { Dialect } from '../load/dialects.js';
import { answers, freePort, type RunningServer, startHotshard, startServer } from '../load/server.js';
import { redisUrl } from './redis-server.js';
import { startWebdis } from './webdis.js';

const PASS_THROUGH = fileURLToPath(new URL('./pass-through.js', import.meta.url));

export const CONTENDER_NAMES = ['hotshard', 'hotshard + Redis', 'Webdis', 'ioredis pass-through'] as const;
export type ContenderName = (typeof CONTENDER_NAMES)[number];

export interface Contender {
  readonly dialect: Dialect;
  readonly hasStats: boolean;
  readonly usesRedis: boolean;
  readonly start: (redisPort: number) => Promise<RunningServer>;
}

/** Keys of hotshard's in Redis: those who write to the same Redis must not have it fetch them anew. */
const PREFIX = 'hotshard:';

export const CONTENDERS: Readonly<Record<ContenderName, Contender>> = {
  hotshard: {
    dialect: 'hotshard',
    hasStats: true,
    usesRedis: false,
    start: () => startHotshard(['--workers', '1']),
  },
  'hotshard + Redis': {
    dialect: 'hotshard',
    hasStats: true,
    usesRedis: true,
    start: (redisPort) =>
      startHotshard(['--workers', '1', '--redis', redisUrl(redisPort), '--redis-prefix', PREFIX]),
  },
  Webdis: { dialect: 'webdis', hasStats: false, usesRedis: true, start: startWebdis },
  'ioredis pass-through': {
    dialect: 'hotshard',
    hasStats: false,
    usesRedis: true,
    start: startPassThrough,
  },
};

async function startPassThrough(redisPort: number): Promise<RunningServer> {
  const port = await freePort();
  return startServer({
    core: 'server',
    command: process.execPath,
    args: [PASS_THROUGH, String(port), String(redisPort)],
    port,
    isReady: () => answers(port, '/get/key', [200, 404]),
  });
}
