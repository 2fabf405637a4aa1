/**
 * Threads that die in the middle of whatever they do: nobody is blocked, no value is torn, no memory is lost, and
 * what they had is taken over by others.
 *
 * HOTSHARD_EFFORT multiplies the deaths.
 */
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { Crew, flawsOf } from './crew.js';
import type { Job } from './fixtures/job.js';
import { flawIn, provingValue, Random, SEED, seeded, times } from './support.js';

const KIB = 1024;

/** Milliseconds that one operation may take after a death. */
const BOUND = 2_000;

const random = new Random(SEED);

interface Case {
  readonly name: string;
  readonly options: CacheOptions;
  readonly keys: number;
  readonly maxSize: number;
  readonly rounds: number;
}

const CASES: readonly Case[] = [
  {
    name: 'small values, memory short',
    options: { maxMemory: 64 * KIB },
    keys: 300,
    maxSize: 300,
    rounds: 6,
  },
  { name: 'few keys overwritten', options: { maxMemory: 64 * KIB }, keys: 3, maxSize: 1_000, rounds: 6 },
  { name: 'values in fragments', options: { maxMemory: 256 * KIB }, keys: 12, maxSize: 20_000, rounds: 6 },
  { name: 'maxKeys', options: { maxMemory: 64 * KIB, maxKeys: 20 }, keys: 60, maxSize: 200, rounds: 6 },
  { name: 'maxKeys 1', options: { maxMemory: 64 * KIB, maxKeys: 1 }, keys: 3, maxSize: 500, rounds: 6 },
  {
    name: 'tiny entries, overflow buckets',
    options: { maxMemory: 64 * KIB },
    keys: 4_000,
    maxSize: 4,
    rounds: 5,
  },
  { name: 'two shards', options: { maxMemory: 256 * KIB, shards: 2 }, keys: 100, maxSize: 5_000, rounds: 5 },
];

/** Lets so much time pass that the threads are somewhere in the middle: any length will do. */
function shortWhile(microseconds: number): Promise<void> {
  const until = performance.now() + microseconds / 1000;
  return new Promise((resolve) => {
    const look = (): void => {
      if (performance.now() >= until) resolve();
      else setImmediate(look);
    };
    look();
  });
}

/** Runs threads until they are terminated, or end themselves, in the middle; resolves when none is left. */
async function letDie(t: Test, cache: SharedCache, { keys, maxSize }: Case, threads: number): Promise<void> {
  const jobs: Job[] = Array.from({ length: threads }, (_, i) => {
    const die = { kind: 'die', keys, maxSize } as const;
    return i % 3 === 2 ? { ...die, exitAfter: random.below(3_000) } : die;
  });
  const crew = await Crew.ready(t, cache, jobs);
  const ends = crew.workers.map((worker) => once(worker, 'exit'));
  crew.reports().catch(() => {});
  crew.go();
  for (const [i, worker] of crew.workers.entries()) {
    if (i % 3 === 2) continue;
    await shortWhile(random.below(6_000));
    await worker.terminate();
  }
  await Promise.all(ends);
}

/** Does every operation on every key; the longest took so many milliseconds. */
function useAll(t: Test, cache: SharedCache, { keys, maxSize }: Case, message: string): number {
  let longest = 0;
  const flaws: string[] = [];
  const timed = (operation: () => unknown): void => {
    const start = performance.now();
    operation();
    longest = Math.max(longest, performance.now() - start);
  };
  const check = (key: string, value: Uint8Array | undefined): void => {
    const flaw = value === undefined ? undefined : flawIn(key, value);
    if (flaw !== undefined) flaws.push(flaw);
  };
  for (let i = 0; i < keys; i++) {
    const key = `key${i}`;
    timed(() => check(key, cache.get(key)));
    timed(() => cache.has(key));
    timed(() => {
      cache.update(key, (current) => {
        check(key, current);
        return i % 5 === 0 ? undefined : provingValue(key, i, random.size(maxSize));
      });
    });
    timed(() => {
      if (!cache.set(key, provingValue(key, i, random.size(maxSize)))) flaws.push(`${key} was refused`);
    });
    timed(() => check(key, cache.get(key)));
    if (i % 7 === 0) timed(() => cache.delete(key));
  }
  timed(() => [...cache.keys()]);
  t.strictSame(flaws.slice(0, 3), [], message);
  return longest;
}

/** Entries that a cache holds once it has been filled beyond its brim. */
function capacity(cache: SharedCache, maxSize: number): number {
  const value = provingValue('fill', 1, Math.min(100, maxSize));
  // Writers look for what dead threads have left once in 100 ms.
  const until = performance.now() + 250;
  for (let i = 0; i < 12_000 || performance.now() < until; i++) cache.set(`fill${i}`, value);
  return cache.size;
}

for (const one of CASES) {
  t.test(`deaths at random instants: ${one.name}`, async (t) => {
    const cache = SharedCache.create(one.options);
    let longest = 0;
    for (let round = 0; round < times(one.rounds); round++) {
      await letDie(t, cache, one, 3);
      longest = Math.max(longest, useAll(t, cache, one, seeded(`round ${round}`)));
    }
    t.ok(
      longest < BOUND,
      `no operation was held up for ${BOUND} ms; the longest took ${longest.toFixed(1)} ms`,
    );
    t.comment(`longest operation after a death: ${longest.toFixed(1)} ms`);

    // Overflow buckets are never given back, so the other one has known as many keys.
    const safe = SharedCache.create(one.options);
    useAll(t, safe, one, 'without deaths');
    const fresh = capacity(safe, one.maxSize);
    const used = capacity(cache, one.maxSize);
    t.comment(`holds ${used} entries, a fresh cache ${fresh}`);
    t.ok(used >= 0.9 * fresh, seeded(`it holds ${used} entries, a fresh one ${fresh}`));

    // A thread that dies between an entry's removal and its count leaves the count one off.
    const errors = cache
      .integrityErrors()
      .filter((error) => !/keys are reachable, \d+ are counted/.test(error));
    t.strictSame(errors.slice(0, 5), [], seeded('integrity'));
    const drift = cache.size - [...cache.keys()].length;
    t.comment(`size is off by ${drift}`);
    t.ok(
      Math.abs(drift) <= 3 * times(one.rounds),
      seeded(`size is off by ${drift}, no more than one per death`),
    );
  });
}

t.test('threads that come and go need no more slots than live at a time', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  for (let round = 0; round < times(9); round++) {
    const jobs = Array.from({ length: 4 }, (_, i) => ({ kind: 'visit', key: `visit${round}-${i}` }) as const);
    const crew = await Crew.ready(t, cache, jobs);
    const ends = crew.workers.map((worker) => once(worker, 'exit'));
    t.strictSame(flawsOf(await crew.run()), []);
    await Promise.all(ends);
    for (const { key } of jobs) t.equal(cache.has(key), true);
  }
  t.equal(cache.stats().sets, 4 * times(9), 'what the dead have counted stays');
  t.strictSame(cache.integrityErrors(), []);
});

t.test('more living threads than slots are refused with the reason, and the others go on', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  const stay = Array.from({ length: 6 }, () => ({ kind: 'stay' }) as const);
  const crew = await Crew.ready(t, cache, stay);
  const refused = Crew.ready(t, cache, [{ kind: 'visit', key: 'k' }]);
  await t.rejects(refused, {
    name: 'RangeError',
    message: /a cache of this size can be attached in \d+ threads at a time, and all of them live/,
  });
  t.equal(cache.set('k', 'v'), true);
  crew.go();
  crew.stop();
  const ends = crew.workers.map((worker) => once(worker, 'exit'));
  await crew.reports();
  await Promise.all(ends);
  const again = await Crew.ready(t, cache, [{ kind: 'visit', key: 'k2' }]);
  t.strictSame(flawsOf(await again.run()), [], 'when one has ended there is room again');
});
