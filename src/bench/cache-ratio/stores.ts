/** The keys and values behind the cache: in a data file, or in Redis. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { nameOf, valueBy } from '../load/requests.js';
import type { RunningServer } from '../load/server.js';
import { redisUrl, startRedis } from '../redis/redis-server.js';
import { randomNumbers } from '../zipf.js';
import type { Store } from './options.js';

export interface Data {
  /** That have hotshard serve it. */
  readonly flags: readonly string[];
  readonly redis: RunningServer | undefined;
  stop(): Promise<void>;
}

/** So many keys are written by one command. */
const BATCH = 1_000;

export const STORES_BY_NAME: Readonly<Record<Store, (keys: number, seed: number) => Promise<Data>>> = {
  file: inFile,
  redis: inRedis,
};

async function inFile(keys: number, seed: number): Promise<Data> {
  const folder = mkdtempSync(join(tmpdir(), 'hotshard-cache-ratio-'));
  const path = join(folder, 'data');
  writeFileSync(
    path,
    entriesOf(keys, seed)
      .map((entry) => `${entry.join(' ')}\n`)
      .join(''),
  );
  return {
    flags: ['--load', path],
    redis: undefined,
    stop: async () => rmSync(folder, { recursive: true }),
  };
}

async function inRedis(keys: number, seed: number): Promise<Data> {
  const redis = await startRedis();
  const client = new Redis(redis.port, '127.0.0.1');
  const entries = entriesOf(keys, seed);
  for (let i = 0; i < keys; i += BATCH) await client.mset(entries.slice(i, i + BATCH).flat());
  client.disconnect();
  return { flags: ['--redis', redisUrl(redis.port)], redis, stop: () => redis.stop() };
}

function entriesOf(keys: number, seed: number): [string, string][] {
  const random = randomNumbers(seed);
  return Array.from({ length: keys }, (_, key) => [nameOf(key), valueBy(random)]);
}
