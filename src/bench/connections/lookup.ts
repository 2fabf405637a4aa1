/**
 * `/lookup` by the number of connections, for what a request may come to: it is refused, found in the map, or has to be
 * fetched from Redis.
 */
import type { Row } from '../files.js';
import { LoadClient } from '../load/client.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Order } from '../load/orders.js';
import { startHotshard } from '../load/server.js';
import { type LoadSummary, loadRow, summaryOf } from '../load/summary.js';
import { redisUrl, startRedis } from '../redis/redis-server.js';
import type { Report } from '../sections.js';
import { type Column, measureSweep, type Point, sweepRows, sweepTable } from '../sweep.js';
import { fillRedis } from './redis-keys.js';

export const KINDS = ['cached hit', 'miss, read from Redis', 'bad query'] as const;
export type Kind = (typeof KINDS)[number];

export interface LookupResults {
  readonly keys: number;
  readonly seconds: number;
  readonly results: readonly (LoadSummary & { readonly rounds: readonly LoadRound[] })[];
}

interface Extent {
  readonly connections: readonly number[];
  /** That are cached. */
  readonly keys: number;
  /** In Redis, those included. Each of the others is asked for once, so all are misses. */
  readonly allKeys: number;
  readonly warmUpRounds: number;
}

const EXTENT: Extent = {
  connections: [1, 2, 4, 8, 16, 32, 64, 128],
  keys: 10_000,
  allKeys: 1_000_000,
  warmUpRounds: 1,
};
const QUICK: Extent = { connections: [1, 4], keys: 100, allKeys: 2_000, warmUpRounds: 0 };

/** More than all keys need, so that none is evicted. */
const MEMORY = '512mb';
const SEED = 20_261_121;

export async function measureLookups(scale: LoadScale): Promise<Report<LookupResults>> {
  const { rounds, seconds, quick } = scale;
  const extent = quick ? QUICK : EXTENT;
  const { connections, keys, allKeys, warmUpRounds } = extent;
  const redis = await startRedis();
  await fillRedis(redis.port, allKeys);
  const flags = ['--workers', '1', '--max-memory', MEMORY, '--redis', redisUrl(redis.port)];
  const server = await startHotshard(flags);
  const load = await LoadClient.start();
  try {
    await load.run(cacheAll(server.port, keys));
    const turns = connections.length * (rounds + warmUpRounds);
    const misses = missesOf(keys, Math.floor((allKeys - keys) / turns));
    const stops = connections.flatMap((count) =>
      KINDS.map((kind) => ({
        labels: { kind, connections: count, keys, seconds },
        measure: () => {
          const target = { port: server.port, connections: count, seconds };
          const order = kind === 'miss, read from Redis' ? misses(target) : repeated(kind, target, keys);
          const expected = kind === 'bad query' ? 400 : 200;
          return measureLoad({ load, server, redis, hasStats: true, expected }, order);
        },
      })),
    );
    return reportOf(await measureSweep('lookup', stops, rounds, warmUpRounds), { keys, seconds });
  } finally {
    await Promise.all([load, server, redis].map((one) => one.stop()));
  }
}

interface Target {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
}

function cacheAll(port: number, keys: number): Order {
  const workload = { dialect: 'lookup', keys, seed: SEED } as const;
  return { kind: 'each', operation: 'read', port, connections: 64, workload };
}

/** Requests that change nothing, so that they can be repeated. */
function repeated(kind: Exclude<Kind, 'miss, read from Redis'>, target: Target, keys: number): Order {
  const dialect = kind === 'bad query' ? 'lookup without key' : 'lookup';
  return { kind: 'mix', ...target, workload: { dialect, keys, seed: SEED, reads: 1, exponent: 0 } };
}

/** Each order has so many keys that no other has: a fast server comes to the last before the time is over. */
function missesOf(first: number, keys: number): (target: Target) => Order {
  let next = first;
  return (target) => {
    const workload = { dialect: 'lookup', first: next, keys, seed: SEED } as const;
    next += keys;
    return { kind: 'each', operation: 'read', ...target, workload };
  };
}

const COLUMNS: readonly Column<LoadRound>[] = [
  { title: 'requests/s', of: ({ rate }) => rate, digits: 0, hasRange: true },
  { title: 'p50 µs', of: ({ latency }) => latency.p50, digits: 0 },
  { title: 'p75 µs', of: ({ latency }) => latency.p75, digits: 0 },
  { title: 'p90 µs', of: ({ latency }) => latency.p90, digits: 0 },
  { title: 'p99 µs', of: ({ latency }) => latency.p99, digits: 0, hasRange: true },
  { title: 'CPU µs', of: ({ cpu }) => cpu, digits: 1 },
  { title: 'Redis CPU µs', of: ({ redisCpu }) => redisCpu, digits: 1 },
  { title: 'failures', of: ({ failures }) => failures, digits: 0 },
];

function reportOf(
  points: readonly Point<LoadRound>[],
  setting: Pick<LookupResults, 'keys' | 'seconds'>,
): Report<LookupResults> {
  const labels = {
    '': ({ kind }: Row) => String(kind),
    connections: ({ connections }: Row) => String(connections),
  };
  const byKind = KINDS.flatMap((kind) => points.filter((point) => point.labels.kind === kind));
  return {
    result: {
      ...setting,
      results: byKind.map((point) => ({ ...point.labels, ...summaryOf(point.rounds), rounds: point.rounds })),
    },
    rows: sweepRows(byKind, loadRow),
    text: `GET /lookup, one worker, closed loops of ${setting.seconds} s; medians. CPU is of the server, and of Redis, per request.\n\n${sweepTable(byKind, labels, COLUMNS)}`,
  };
}
