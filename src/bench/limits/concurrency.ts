/**
 * The concurrency limit in front of a slow store: as many misses at a time as its places and its backlog hold nearly, and
 * ten times its places; and meanwhile hits, which are to be answered without waiting for them.
 */
import type { Row } from '../files.js';
import { LoadClient } from '../load/client.js';
import type { LoadScale } from '../load/options.js';
import type { Load } from '../load/orders.js';
import { nameOf, VALUE_LENGTH } from '../load/requests.js';
import { type RunningServer, replies, startHotshard } from '../load/server.js';
import { redisUrl, startRedis } from '../redis/redis-server.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';
import { startDelayingProxy } from './delaying-proxy.js';

const WORKERS = 2;
const PLACES = 25;
const BACKLOG = 50;
/** Milliseconds by which each reply of the store is late. */
const DELAY = 50;
/** Milliseconds that a request waits for a place at most, and what it may take besides on a machine that has much to do. */
const LONGEST_WAIT = 10_000;
const LEEWAY = 2_000;

/** Connections with a miss each: all of them find a place or wait; and ten times the places. */
const CONNECTIONS = [PLACES + BACKLOG - 5, 10 * PLACES];

/** Keys that are read by a connection of hits. */
const HOT_KEYS = 100;
/** Keys that are missed, each once: so many a second. */
const KEYS_PER_SECOND = 30_000;
const SEED = 20_261_122;

export interface ConcurrencyRound {
  readonly connections: number;
  readonly round: number;
  /** Most reads that the store had to answer at a time. */
  readonly mostAtStore: number;
  readonly misses: Load;
  readonly hits: Load;
}

export interface ConcurrencyResult {
  readonly workers: number;
  readonly concurrencyLimit: number;
  readonly backlogLimit: number;
  readonly delay: number;
  readonly rounds: readonly ConcurrencyRound[];
}

/** @throws {Error} when the limit was not kept */
export async function measureConcurrency(scale: LoadScale): Promise<Report<ConcurrencyResult>> {
  const rounds: ConcurrencyRound[] = [];
  for (let round = 1; round <= scale.rounds; round++) {
    for (const connections of CONNECTIONS) rounds.push(await measureRound(connections, round, scale.seconds));
  }
  const parameters = { workers: WORKERS, concurrencyLimit: PLACES, backlogLimit: BACKLOG, delay: DELAY };
  return { result: { ...parameters, rounds }, rows: rounds.map(rowOf), text: textOf(rounds) };
}

async function measureRound(connections: number, round: number, seconds: number): Promise<ConcurrencyRound> {
  const begun: { stop(): Promise<void> }[] = [];
  const begin = async <One extends { stop(): Promise<void> }>(starting: Promise<One>): Promise<One> => {
    const one = await starting;
    begun.push(one);
    return one;
  };
  try {
    const redis = await begin(startRedis(undefined, 'any'));
    const proxy = await begin(startDelayingProxy(redis.port, DELAY));
    const [slow, quick] = [await begin(LoadClient.start()), await begin(LoadClient.start())];
    const missed = { keys: Math.ceil(KEYS_PER_SECOND * seconds), first: HOT_KEYS, seed: SEED + round };
    const hot = { keys: HOT_KEYS, seed: SEED };
    await fill(redis.port, missed.first + missed.keys);
    const limits = ['--concurrency-limit', String(PLACES), '--backlog-limit', String(BACKLOG)];
    const server: RunningServer = await begin(
      startHotshard(['--workers', String(WORKERS), '--redis', redisUrl(proxy.port), ...limits], 'any'),
    );
    const target = { port: server.port, kind: 'each', operation: 'read' } as const;
    await slow.run({ ...target, connections: 8, workload: { ...hot, dialect: 'hotshard' } });
    const workload = { dialect: 'hotshard', ...hot, reads: 1, exponent: 0 } as const;
    const [misses, hits] = await Promise.all([
      slow.run({ ...target, connections, seconds, workload: { ...missed, dialect: 'hotshard' } }),
      quick.run({ kind: 'mix', port: server.port, connections: 1, seconds, workload }),
    ]);
    const measured = { connections, round, mostAtStore: proxy.mostReads, misses, hits };
    check(measured);
    return measured;
  } finally {
    for (const one of begun.reverse()) await one.stop();
  }
}

/** Gives so many keys of the load's a value each. */
async function fill(redisPort: number, keys: number): Promise<void> {
  const prefix = nameOf(0).slice(0, -1);
  const script = `for i = 0, ARGV[1] - 1 do redis.call('set', ARGV[2] .. i, ARGV[3]) end return 1`;
  const command = `EVAL "${script}" 0 ${keys} ${prefix} ${'v'.repeat(VALUE_LENGTH)}\r\n`;
  if (!(await replies(redisPort, command, ':1'))) throw new Error('Redis did not take the values');
}

function check({ connections, mostAtStore, misses, hits }: ConcurrencyRound): void {
  const at = `with ${connections} misses at a time`;
  if (mostAtStore > PLACES)
    throw new Error(`${at} the store had ${mostAtStore} reads at a time, not ${PLACES}`);
  for (const { statuses, requests, latency } of [misses, hits]) {
    const [found = 0, refused = 0] = [statuses[200], statuses[503]];
    if (found + refused !== requests) {
      throw new Error(`${at} there were answers other than 200 and 503: ${JSON.stringify(statuses)}`);
    }
    // What finds no place although there is room in the backlog would be turned away by mistake.
    if (connections < PLACES + BACKLOG && refused > 0)
      throw new Error(`${at} ${refused} requests were refused`);
    if (latency.max > 1000 * (LONGEST_WAIT + LEEWAY)) {
      throw new Error(`${at} an answer took ${latency.max} µs, with a limit of ${LONGEST_WAIT} ms`);
    }
  }
}

function rowOf({ connections, round, mostAtStore, misses, hits }: ConcurrencyRound): Row {
  return {
    ...{ misses_at_once: connections, round, most_at_store: mostAtStore },
    ...{ answered: misses.statuses[200] ?? 0, refused: misses.statuses[503] ?? 0 },
    ...{ longest_us: misses.latency.max, seconds: misses.seconds.toFixed(3) },
    ...{ hits_answered: hits.statuses[200] ?? 0, hits_refused: hits.statuses[503] ?? 0 },
    ...{ hits_p50_us: hits.latency.p50, hits_p99_us: hits.latency.p99, hits_max_us: hits.latency.max },
    ...{ workers: WORKERS, concurrency_limit: PLACES, backlog_limit: BACKLOG, delay_ms: DELAY },
  };
}

function textOf(rounds: readonly ConcurrencyRound[]): string {
  const cells = rounds.map(({ connections, round, mostAtStore, misses, hits }) => [
    countText(connections),
    ...[round, mostAtStore, misses.statuses[200] ?? 0, misses.statuses[503] ?? 0].map(countText),
    (misses.latency.max / 1000).toFixed(0),
    ...[hits.statuses[200] ?? 0, hits.statuses[503] ?? 0].map(countText),
    ...[hits.latency.p50, hits.latency.p99, hits.latency.max].map(countText),
  ]);
  return [
    `${WORKERS} workers, ${PLACES} places, a backlog of ${BACKLOG}, replies of the store ${DELAY} ms late. Hits by one connection meanwhile, in µs.\n\n`,
    textTable([
      ['misses at once', 'round', 'at store', '200', '503', 'longest ms', 'hits', '503', 'p50', 'p99', 'max'],
      ...cells,
    ]),
  ].join('');
}
