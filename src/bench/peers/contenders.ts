/**
 * hotshard, and who it is compared with: how each is started, with one thread for requests and room for every key, and
 * why some can't be.
 */
import { missingProgram } from '../installed.js';
import type { Dialect } from '../load/dialects.js';
import { type RunningServer, startHotshard } from '../load/server.js';
import { startRedis } from '../redis/redis-server.js';
import { startWebdis } from '../redis/webdis.js';
import { startMemcached } from './memcached.js';
import { missingNginx, startNginx } from './nginx.js';
import { startProgram } from './programs.js';

export const CONTENDER_NAMES = [
  'hotshard',
  'hotshard --fast-lane off',
  'node:http + lru-cache',
  'Fastify + lru-cache',
  'Hapi + lru-cache',
  'nginx + lua_shared_dict',
  'Webdis + Redis',
  'Redis',
  'memcached',
] as const;
export type ContenderName = (typeof CONTENDER_NAMES)[number];

/** Who all are compared with. */
export const OWN = 'hotshard' satisfies ContenderName;

/** Those that serve hotshard's own routes over HTTP: any load for HTTP can be put on them. */
export const HTTP_NAMES = [
  'hotshard',
  'hotshard --fast-lane off',
  'node:http + lru-cache',
  'Fastify + lru-cache',
  'Hapi + lru-cache',
  'nginx + lua_shared_dict',
] as const satisfies readonly ContenderName[];

/** Those of them that speak HTTP/2, too. */
export const HTTP2_NAMES: readonly ContenderName[] = [
  'hotshard',
  'hotshard --fast-lane off',
  'nginx + lua_shared_dict',
];

/** One that is measured, and what stands behind it. */
export interface Contender {
  readonly server: RunningServer;
  /** On the load's core. */
  readonly redis?: RunningServer;
}

/** What a contender has to be able to do. */
export interface ContenderNeeds {
  /** That it has to have room for. */
  readonly keys: number;
  /** Absent: what its dialect says. Of {@link HTTP2_NAMES} only. */
  readonly protocol?: 'h2c' | undefined;
}

interface ContenderStart {
  readonly dialect: Dialect;
  /** Why it can't be started here; undefined: it can. */
  readonly missing: () => string | undefined;
  readonly start: (needs: ContenderNeeds) => Promise<Contender>;
}

/** MiB for the values of those that are told: as much as hotshard has unless told otherwise. */
const MEMORY = 256;

export const CONTENDERS: Readonly<Record<ContenderName, ContenderStart>> = {
  hotshard: overHttp(() => startHotshard(['--workers', '1'])),
  'hotshard --fast-lane off': overHttp(() => startHotshard(['--workers', '1', '--fast-lane', 'off'])),
  'node:http + lru-cache': overHttp(({ keys }) => startProgram('node-http', keys)),
  'Fastify + lru-cache': overHttp(({ keys }) => startProgram('fastify', keys)),
  'Hapi + lru-cache': overHttp(({ keys }) => startProgram('hapi', keys)),
  'nginx + lua_shared_dict': overHttp(({ protocol }) => startNginx(MEMORY, protocol), missingNginx),
  'Webdis + Redis': {
    dialect: 'webdis',
    missing: () => missingProgram('webdis') ?? missingProgram('redis-server'),
    start: startWebdisAndRedis,
  },
  Redis: {
    dialect: 'redis',
    missing: () => missingProgram('redis-server'),
    start: async () => ({ server: await startRedis(undefined, 'server') }),
  },
  memcached: {
    dialect: 'memcached',
    missing: () => missingProgram('memcached'),
    start: async () => ({ server: await startMemcached(MEMORY) }),
  },
};

function overHttp(
  start: (needs: ContenderNeeds) => Promise<RunningServer>,
  missing: ContenderStart['missing'] = () => undefined,
): ContenderStart {
  return { dialect: 'hotshard', missing, start: async (needs) => ({ server: await start(needs) }) };
}

async function startWebdisAndRedis(): Promise<Contender> {
  const redis = await startRedis();
  try {
    return { server: await startWebdis(redis.port), redis };
  } catch (error) {
    await redis.stop();
    throw error;
  }
}
