/** Histories of worker threads that work on one cache: recorded, and put before the checker. */
import { once } from 'node:events';
import type { Test } from 'tap';
import type { SharedCache } from '../../../shards/index.js';
import { Crew, flawsOf } from '../crew.js';
import { SEED, seeded } from '../support.js';
import { type Operation, print, type Rules, violation } from './checker.js';
import { type ClockKind, makeLog, operationsIn } from './record.js';
import type { RecordPlan, SharedPlan } from './recorded.js';
import { makeSchedule } from './schedule.js';

export interface HistoryOptions {
  readonly threads: number;
  readonly rounds: number;
  readonly steps: number;
  readonly keys: readonly string[];
  readonly maxSize: number;
  readonly clock?: ClockKind;
  readonly ballast?: SharedPlan['ballast'];
  readonly ttl?: number;
  /** One thread at a time, in an order that is drawn. */
  readonly scheduled?: boolean;
}

const NO_BALLAST = { keys: 0, maxSize: 0 };

/** Keys of a round, so many. */
export function keyNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `r{}k${i}`);
}

/** Plans for the threads of a history. */
export function planHistory({
  scheduled = false,
  clock = 'counter',
  ...options
}: HistoryOptions): RecordPlan[] {
  const { threads, rounds, steps, ballast = NO_BALLAST } = options;
  const shared: SharedPlan = {
    ...options,
    clock,
    ballast,
    counter: new Int32Array(new SharedArrayBuffer(4)),
    barrier: new Int32Array(new SharedArrayBuffer(8)),
    ...(scheduled ? { schedule: makeSchedule(SEED) } : {}),
  };
  return Array.from({ length: threads }, (_, thread) => ({
    ...shared,
    thread,
    // An operation on all keys has a record for each.
    log: makeLog(2 * rounds * steps + 100),
  }));
}

export function historyOf(plans: readonly RecordPlan[]): Operation[] {
  return plans.flatMap(({ log, thread }) => operationsIn(log, thread));
}

/** Has a history made, and checks it. By the strict rules where nothing was evicted and nothing expired. */
export async function checkHistory(t: Test, cache: SharedCache, options: HistoryOptions): Promise<Rules> {
  const plans = planHistory(options);
  const crew = await Crew.ready(
    t,
    cache,
    plans.map((plan) => ({ kind: 'record', plan }) as const),
  );
  const ends = crew.workers.map((worker) => once(worker, 'exit'));
  t.strictSame(flawsOf(await crew.run()), [], seeded('flaws'));
  await Promise.all(ends);
  const { evictions } = cache.stats();
  const rules = { mayVanish: evictions > 0 || options.ttl !== undefined };
  const history = historyOf(plans);
  checkOperations(t, history, rules);
  t.strictSame(cache.integrityErrors().slice(0, 5), [], seeded('integrity'));
  t.comment(
    `${history.length} operations, ${overlapping(history)} overlap another one; ${evictions} evictions`,
  );
  return rules;
}

export function checkOperations(t: Test, history: readonly Operation[], rules: Rules): void {
  const wrong = violation(history, rules);
  t.equal(wrong === undefined ? undefined : print(wrong), undefined, seeded('linearizable'));
}

/** Operations that overlap one of another thread on the same key: the others are no test of anything. */
export function overlapping(history: readonly Operation[]): number {
  const latest = new Map<string, number>();
  let count = 0;
  for (const { key, start, end } of history.toSorted((a, b) => a.start - b.start)) {
    const last = latest.get(key) ?? -1;
    if (start <= last) count++;
    if (end > last) latest.set(key, end);
  }
  return count;
}
