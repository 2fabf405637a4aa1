/** What `/stats` answers: the counters of the whole process, whichever worker is asked. */
import { readFileSync } from 'node:fs';
import type { CacheStats, SharedCache } from '../../shards/index.js';
import type { ConcurrencyLimit, ConcurrencyUsage } from '../limits/concurrency.js';
import type { Phase, ProcessState, WorkerRow } from './process-state.js';

/** hotshard's version, from its package.json. */
export const VERSION: string = readVersion();

/** Counters of one worker thread. */
export interface WorkerStats extends WorkerRow {
  /** The worker's row, from 0. */
  readonly worker: number;
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
}

export function collectStats({ map, state, limit, worker }: StatsSources): Stats {
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
    memory: process.memoryUsage(),
    workers: Array.from({ length: state.workers }, (_, row) => ({ worker: row, ...state.row(row) })),
    limits: limit.usage,
    shards,
  };
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
  );
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error('package.json has no version');
}
