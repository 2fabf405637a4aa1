/**
 * Section "staleness": how long hotshard goes on serving what somebody else has changed in Redis. The writer and the
 * readers are in this process, so that one clock counts; the load is in another.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Row } from '../files.js';
import { LoadClient } from '../load/client.js';
import type { LoadScale } from '../load/options.js';
import { startHotshard } from '../load/server.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';
import { randomNumbers } from '../zipf.js';
import { extentOf, READS, SEED } from './options.js';
import { Readers } from './readers.js';
import { redisUrl, startRedis } from './redis-server.js';
import { type Staleness, Versions } from './versions.js';

const WORKERS = 2;
const READERS = 4;
/** That are changed, in turn; the load has others. */
const CHANGED_KEYS = 50;
const WRITES = 3_000;
const QUICK_WRITES = 20;
/** Longest time before the next change, in milliseconds: any from 0 on, as changes come when they come. */
const LONGEST_PAUSE = 4;
/** Of the curve: the last percent is what matters, so it is finer. */
const PERCENTS = Array.from({ length: 120 }, (_, i) => (i < 100 ? i : 99 + (i - 99) / 20));
/** Longer than any run takes, in seconds: the load is ended when all is written. */
const FOREVER = 600;

/** Milliseconds. */
export interface Quantiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** So many percent of the writes had no old value after so many milliseconds. */
export interface CurvePoint {
  readonly percent: number;
  readonly received: number;
  readonly asked: number;
}

export interface StalenessResult {
  readonly workers: number;
  readonly readers: number;
  readonly connections: number;
  readonly writes: number;
  readonly reads: number;
  /** Reads that were not answered 200. */
  readonly failures: number;
  /** Requests per second that the load got besides. */
  readonly loadRate: number;
  readonly received: Quantiles;
  readonly asked: Quantiles;
  readonly curve: readonly CurvePoint[];
}

export async function staleness({ quick }: LoadScale): Promise<Report<StalenessResult>> {
  const redis = await startRedis();
  const load = await LoadClient.start();
  const server = await startHotshard(['--workers', String(WORKERS), '--redis', redisUrl(redis.port)]);
  const writer = new Redis(redis.port, '127.0.0.1');
  try {
    const { connections, keys } = extentOf({ quick });
    const target = { port: server.port, connections };
    const workload = { dialect: 'hotshard', keys, seed: SEED, reads: READS, exponent: 0 } as const;
    await load.run({ ...target, kind: 'each', operation: 'write', workload });
    const running = load.run({ ...target, kind: 'mix', seconds: FOREVER, workload });
    running.catch(() => {}); // awaited below, unless the readers fail first
    const { versions, readers } = await change(writer, server.port, quick ? QUICK_WRITES : WRITES);
    load.endRun();
    const { requests, seconds } = await running;
    const all = versions.staleness;
    const result = resultOf(all, readers, { connections, loadRate: requests / seconds });
    return { result, rows: rowsOf(all, result), text: stalenessText(result) };
  } finally {
    writer.disconnect();
    await Promise.all([load, redis, server].map((one) => one.stop()));
  }
}

/** Changes one key after another, each when all readers have got what the last change wrote. */
async function change(writer: Redis, port: number, writes: number) {
  const random = randomNumbers(SEED);
  const versions = new Versions(CHANGED_KEYS);
  const nameOf = (key: number) => `changed:${key}`;
  for (let key = 0; key < CHANGED_KEYS; key++) await writer.set(nameOf(key), '0');
  const readers = new Readers({ port, readers: READERS, keys: CHANGED_KEYS, nameOf, versions, random });
  await readers.start();
  try {
    for (let write = 0; write < writes; write++) {
      const key = write % CHANGED_KEYS;
      const version = Math.floor(write / CHANGED_KEYS) + 1;
      readers.key = key;
      // Until all have it, hotshard does not hold what the change is to make old.
      await readers.haveRead(key, version - 1);
      await wait(random() * LONGEST_PAUSE);
      await writer.set(nameOf(key), String(version));
      versions.written(key, version, performance.now());
      await readers.haveRead(key, version);
    }
  } finally {
    readers.stop();
  }
  return { versions, readers };
}

function resultOf(
  all: readonly Staleness[],
  { reads, failures }: Readers,
  { connections, loadRate }: Pick<StalenessResult, 'connections' | 'loadRate'>,
): StalenessResult {
  const received = all.map((one) => one.received).sort((a, b) => a - b);
  const asked = all.map((one) => one.asked).sort((a, b) => a - b);
  return {
    ...{ workers: WORKERS, readers: READERS, connections },
    ...{ writes: all.length, reads, failures, loadRate },
    ...{ received: quantilesOf(received), asked: quantilesOf(asked) },
    curve: PERCENTS.map((percent) => ({
      percent,
      received: quantileOf(received, percent / 100),
      asked: quantileOf(asked, percent / 100),
    })),
  };
}

function quantilesOf(sorted: readonly number[]): Quantiles {
  const [p50, p90, p99, max] = [0.5, 0.9, 0.99, 1].map((share) => quantileOf(sorted, share));
  return { p50, p90, p99, max };
}

/** @param sorted ascending; not empty */
function quantileOf(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

function rowsOf(
  all: readonly Staleness[],
  { workers, readers, connections }: Pick<StalenessResult, 'workers' | 'readers' | 'connections'>,
): Row[] {
  return all.map(({ received, asked }) => ({
    ...{ workers, readers, connections },
    received_ms: received.toFixed(3),
    asked_ms: asked.toFixed(3),
  }));
}

export function stalenessText(result: StalenessResult): string {
  const { workers, readers, connections, writes, reads, failures, loadRate } = result;
  const cells = (name: string, { p50, p90, p99, max }: Quantiles) => [
    name,
    ...[p50, p90, p99, max].map((value) => value.toFixed(2)),
  ];
  return [
    `${countText(writes)} foreign writes, ${workers} workers, ${readers} readers (${countText(reads)} reads, ${failures} failures), `,
    `load of ${connections} connections (${countText(Math.round(loadRate))} requests/s). Milliseconds.\n\n`,
    textTable([
      ['after the reply to the write, the last old value', 'p50', 'p90', 'p99', 'max'],
      cells('was received', result.received),
      cells('was asked for', result.asked),
    ]),
  ].join('');
}
