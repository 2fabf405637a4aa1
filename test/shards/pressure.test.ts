/**
 * Memory pressure: several threads, values from nothing to the largest allowed, times to live of milliseconds. What is
 * read is always whole, the key's own, no older than the last write that had ended, and not expired.
 */
import t from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { Crew, flawsOf } from './crew.js';
import { planPressure } from './pressure.js';
import { GUARDS, guarded, seeded, times } from './support.js';

const KIB = 1024;

interface Case {
  readonly name: string;
  readonly options: CacheOptions;
  readonly keys: number;
  readonly maxSize: number;
  readonly steps: number;
}

const CASES: readonly Case[] = [
  {
    name: 'the smallest cache',
    options: { maxMemory: 64 * KIB, maxValueSize: 8 * KIB },
    keys: 60,
    maxSize: 8 * KIB,
    steps: 8_000,
  },
  {
    name: 'small values alone',
    options: { maxMemory: 64 * KIB, maxValueSize: 100 },
    keys: 900,
    maxSize: 100,
    steps: 20_000,
  },
  {
    name: 'values of an eighth of the memory',
    options: { maxMemory: 1024 * KIB, maxValueSize: 128 * KIB },
    keys: 90,
    maxSize: 128 * KIB,
    steps: 1_500,
  },
  {
    name: 'maxKeys and two shards',
    options: { maxMemory: 512 * KIB, maxValueSize: 20 * KIB, maxKeys: 30, shards: 2 },
    keys: 90,
    maxSize: 20 * KIB,
    steps: 4_000,
  },
  {
    name: 'a time to live by default',
    options: { maxMemory: 64 * KIB, maxValueSize: 1_000, ttl: 1 },
    keys: 60,
    maxSize: 1_000,
    steps: 10_000,
  },
];

for (const guard of GUARDS) {
  for (const { name, options, keys, maxSize, steps } of CASES) {
    t.test(`${guard}: ${name}`, async (t) => {
      const cache = SharedCache.create(guarded(options, guard));
      const plans = planPressure({ threads: 3, steps: times(steps), keys, maxSize, maxTtl: 20 });
      const crew = await Crew.ready(
        t,
        cache,
        plans.map((plan) => ({ kind: 'pressure', plan }) as const),
      );
      const reports = await crew.run();
      t.strictSame(flawsOf(reports), [], seeded('flaws'));
      const { sets, evictions, expirations, hits } = cache.stats();
      t.comment(`${sets} sets, ${hits} hits, ${evictions} evictions, ${expirations} expirations`);
      t.equal(
        reports.reduce((sum, report) => sum + report.steps, 0),
        hits,
        'each value found is a hit',
      );
      t.ok(hits > 0 && expirations > 0);
      t.strictSame(cache.integrityErrors().slice(0, 5), [], seeded('integrity'));

      cache.clear();
      t.equal(cache.size, 0);
      t.equal(cache.stats().bytesUsed, 0, 'what is left goes without a trace');
    });
  }
}
