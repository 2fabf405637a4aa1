/** Results of `bench:map` as a run gives them, with figures that are easy to follow. */
import { CONTENDER_NAMES, type ContenderName } from '../../../src/bench/map/contender-maps.js';
import { OPERATIONS, type Operation } from '../../../src/bench/map/contender-thread.js';
import type { ContenderResult } from '../../../src/bench/map/contenders.js';
import { MIX_NAMES } from '../../../src/bench/map/crew-thread.js';
import { lineOf } from '../../../src/bench/map/memory.js';
import type { Results } from '../../../src/bench/map/results.js';
import { ratiosOf, timedOf } from '../../../src/bench/map/statistics.js';
import { THREAD_CONTENDER_NAMES, type ThreadContenderName } from '../../../src/bench/map/thread-maps.js';

export const MACHINE = {
  ...{ date: '2026-01-01T00:00:00.000Z', commit: 'abc', node: 'v0', platform: 'p', cpu: 'c, d' },
  ...{ cpus: 2, memoryGiB: 1, load: 0 },
};

export function timedAt(nanoseconds: number) {
  return timedOf([
    { wall: nanoseconds * 0.8, cpu: nanoseconds * 0.9 },
    { wall: nanoseconds, cpu: nanoseconds },
    { wall: nanoseconds * 1.25, cpu: nanoseconds * 1.1 },
  ]);
}

/** @param times nanoseconds per operation of those that do not take 100 */
export function contendersOf(times: Readonly<Partial<Record<ContenderName, number>>>): Results {
  const results = OPERATIONS.flatMap((operation: Operation) =>
    CONTENDER_NAMES.map(
      (contender): ContenderResult => ({ operation, contender, ...timedAt(times[contender] ?? 100) }),
    ),
  );
  return { contenders: { keys: 100_000, valueSize: 35, operations: 400_000, results } };
}

/** @param rates of one thread and of two, of those that do not have 10 and 20 */
export function threadsOf(
  rates: Readonly<Partial<Record<ThreadContenderName, readonly [number, number]>>>,
): Results {
  const results = MIX_NAMES.flatMap((mix) =>
    THREAD_CONTENDER_NAMES.map((contender) => {
      const [first, second] = rates[contender] ?? [10, 20];
      return {
        ...{ mix, contender, one: [{ rate: first, cpu: 100 }], two: [{ rate: second, cpu: 110 }] },
        ratio: ratiosOf([second], [first]),
      };
    }),
  );
  return { threads: { keys: 100_000, valueSize: 35, milliseconds: 200, results } };
}

export function memoryOf(allocated: number, evictions: number): Results {
  const round = { grown: 91e6, found: 1_000_000 - evictions, payload: 66e6 };
  const results = [
    lineOf('Map', [{ ...round, grown: 180e6 }]),
    lineOf('hotshard', [{ ...round, cache: { allocated, evictions, bytesUsed: 75e6 } }]),
  ];
  return { memory: { entries: 1_000_000, payload: 66e6, results } };
}

export function curvesOf(): Results {
  const contender = 'hotshard' as const;
  const sizes = [16, 1024].map((valueSize) => ({
    ...({ operation: 'getInto', contender, valueSize, operations: 10 } as const),
    ...timedAt(100),
  }));
  const keys = [1_000, 10_000].map((count) => ({
    ...({ operation: 'set', contender: 'hotshard, bytes', keys: count } as const),
    ...timedAt(200),
  }));
  return { sizes: { keys: 1_000, results: sizes }, keys: { valueSize: 35, operations: 10, results: keys } };
}
