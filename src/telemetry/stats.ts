/** What `/stats` answers: the counters of the whole process, whichever worker is asked. */
import { readFileSync } from 'node:fs';
import type { CacheStats, SharedCache } from '../../shards/index.js';
import type { Config } from '../config/config.js';
import type { ConcurrencyLimit, ConcurrencyUsage } from '../limits/concurrency.js';
import type { Phase, ProcessState, WorkerRow } from './process-state.js';
import { PROTOCOLS, type Protocol, percentile } from './requests.js';

/** hotshard's version, from its package.json. */
export const VERSION: string = readVersion();

/** What may stand behind the map. */
export type StoreKind = 'none' | 'redis' | 'redis-cluster' | 'file';

/** Counters of one worker thread. */
export interface WorkerStats extends WorkerRow {
  /** The worker's row, from 0. */
  readonly worker: number;
  /** How late its event loop was in the last seconds, in milliseconds. */
  readonly eventLoopLag: Readonly<Record<'mean' | 'max' | 'p50' | 'p90' | 'p99', number>>;
}

/** Milliseconds that requests took, estimated from a histogram; null before the first. */
export type Latency = Readonly<Record<'p50' | 'p90' | 'p99', number | null>>;

export interface StoreStats {
  readonly kind: StoreKind;
  /** Whether every worker has a connection that answers; null where there is nothing to connect to. */
  readonly up: boolean | null;
  /** Connections that answer, of all workers. */
  readonly links: number;
  /** Sessions that began: with each, what was cached in the one before it stops being served. */
  readonly sessions: number;
}

/** Counters since the start of the process, unless said otherwise. */
export interface Stats extends CacheStats {
  /** Seconds since the process came up. */
  readonly uptime: number;
  readonly version: string;
  readonly pid: number;
  /** Version of Node.js. */
  readonly node: string;
  readonly phase: Phase;
  /** The worker that answered. */
  readonly worker: number;
  /** Share of reads that found a value, 0 to 1; 0 when nothing has been read. */
  readonly hitRatio: number;
  /** Answered, by protocol. */
  readonly requests: Readonly<Record<Protocol, number>>;
  readonly latency: Readonly<Record<Protocol, Latency>>;
  readonly store: StoreStats;
  /** Bytes, now: `rss` of the process, the rest of the thread that answered. */
  readonly memory: NodeJS.MemoryUsage;
  readonly workers: readonly WorkerStats[];
  /** Now. */
  readonly limits: ConcurrencyUsage;
}

export interface StatsSources {
  readonly map: SharedCache;
  readonly state: ProcessState;
  readonly limit: ConcurrencyLimit;
  /** Row of the worker that answers, from 0. */
  readonly worker: number;
  readonly store: StoreKind;
}

export function collectStats({ map, state, limit, worker, store }: StatsSources): Stats {
  const { shards, ...totals } = map.stats();
  const reads = totals.hits + totals.misses;
  return {
    uptime: (Date.now() - state.startedAt) / 1000,
    version: VERSION,
    pid: process.pid,
    node: process.version,
    phase: state.phase,
    worker,
    ...totals,
    hitRatio: reads === 0 ? 0 : totals.hits / reads,
    requests: byProtocol((protocol) => state.requests.totalBy(protocol)),
    latency: byProtocol((protocol) => latencyOf(state, protocol)),
    store: storeStats(state, store),
    memory: process.memoryUsage(),
    workers: Array.from({ length: state.workers }, (_, row) => workerStats(state, row)),
    limits: limit.usage,
    shards,
  };
}

/** What the configuration has behind the map. */
export function storeKind({
  redis,
  redisCluster,
  load,
}: Partial<Pick<Config, 'redis' | 'redisCluster' | 'load'>>): StoreKind {
  if (redis !== undefined) return 'redis';
  if (redisCluster !== undefined) return 'redis-cluster';
  return load === undefined ? 'none' : 'file';
}

export function storeStats(state: ProcessState, kind: StoreKind): StoreStats {
  const isRemote = kind === 'redis' || kind === 'redis-cluster';
  const isUp = (): boolean =>
    Array.from({ length: state.workers }, (_, worker) => state.row(worker).storeLinks).every(
      (links) => links > 0,
    );
  return {
    kind,
    up: isRemote ? isUp() : null,
    links: state.total('storeLinks'),
    sessions: state.total('sessions'),
  };
}

function byProtocol<T>(of: (protocol: Protocol) => T): Record<Protocol, T> {
  return Object.fromEntries(PROTOCOLS.map((protocol) => [protocol, of(protocol)])) as Record<Protocol, T>;
}

function latencyOf(state: ProcessState, protocol: Protocol): Latency {
  const histogram = state.requests.histogram(protocol);
  const milliseconds = (share: number): number | null => {
    const seconds = percentile(histogram, share);
    return seconds === undefined ? null : inMilliseconds(seconds);
  };
  return { p50: milliseconds(0.5), p90: milliseconds(0.9), p99: milliseconds(0.99) };
}

function workerStats(state: ProcessState, worker: number): WorkerStats {
  const lag = state.runtime.read(worker);
  const eventLoopLag = {
    mean: inMilliseconds(lag.mean),
    max: inMilliseconds(lag.max),
    p50: inMilliseconds(lag.p50),
    p90: inMilliseconds(lag.p90),
    p99: inMilliseconds(lag.p99),
  };
  return { worker, ...state.row(worker), eventLoopLag };
}

/** To the microsecond. */
function inMilliseconds(seconds: number): number {
  return Math.round(seconds * 1e6) / 1000;
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error('package.json has no version');
}
