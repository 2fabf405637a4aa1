/**
 * Threads that die in the middle of whatever they do: nobody is blocked, no value is torn, no memory is lost, and
 * what they had is taken over by others.
 *
 * HOTSHARD_EFFORT multiplies the deaths: HOTSHARD_EFFORT=10 is for thousands.
 */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import t, { type Test } from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { Crew, flawsOf } from './crew.js';
import type { Death, Job } from './fixtures/job.js';
import type { Operation } from './linearizability/checker.js';
import { checkOperations, historyOf, planHistory } from './linearizability/history.js';
import { flawIn, GUARDS, guarded, provingValue, Random, SEED, seeded, serialOf, times } from './support.js';

const KIB = 1024;

/** Milliseconds that one operation may take after a death. */
const BOUND = 1_000;

const random = new Random(SEED);

/** Threads that have died so far. */
let died = 0;

interface Case {
  readonly name: string;
  readonly options: CacheOptions;
  readonly keys: number;
  readonly maxSize: number;
  readonly rounds: number;
  /** That die in a round; more than three do so at once. */
  readonly threads?: number;
}

const CASES: readonly Case[] = [
  {
    name: 'small values, memory short',
    options: { maxMemory: 64 * KIB },
    keys: 300,
    maxSize: 300,
    rounds: 9,
  },
  { name: 'few keys overwritten', options: { maxMemory: 64 * KIB }, keys: 3, maxSize: 1_000, rounds: 9 },
  { name: 'values in fragments', options: { maxMemory: 256 * KIB }, keys: 12, maxSize: 20_000, rounds: 9 },
  { name: 'maxKeys', options: { maxMemory: 64 * KIB, maxKeys: 20 }, keys: 60, maxSize: 200, rounds: 9 },
  { name: 'maxKeys 1', options: { maxMemory: 64 * KIB, maxKeys: 1 }, keys: 3, maxSize: 500, rounds: 9 },
  {
    name: 'tiny entries, overflow buckets',
    options: { maxMemory: 64 * KIB },
    keys: 4_000,
    maxSize: 4,
    rounds: 8,
  },
  { name: 'two shards', options: { maxMemory: 256 * KIB, shards: 2 }, keys: 100, maxSize: 5_000, rounds: 8 },
  {
    // Of 32 thread slots: after three rounds, those of the dead are needed again.
    name: 'many at once',
    options: { maxMemory: 256 * KIB },
    keys: 60,
    maxSize: 4_000,
    rounds: 15,
    threads: 12,
  },
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

/** An end in the middle of an operation, by the thread itself; undefined: it is terminated from outside. */
function someDeath(): Death | undefined {
  if (random.chance(2)) return undefined;
  return {
    by: random.chance(2) ? 'exit' : 'exception',
    atAccess: 1 + random.below(1 + random.below(20_000)),
  };
}

/** Terminates those that do not end by themselves: one after the other, or all at once. */
async function terminate(crew: Crew, deaths: readonly (Death | undefined)[], atOnce: boolean): Promise<void> {
  const ends = crew.workers.map((worker) => exitOf(worker));
  if (atOnce) await shortWhile(random.below(6_000));
  for (const [i, worker] of crew.workers.entries()) {
    if (deaths[i] !== undefined) continue;
    if (!atOnce) await shortWhile(random.below(6_000));
    worker.terminate();
  }
  await Promise.all(ends);
}

/** Resolves when a worker has ended, by whatever. */
function exitOf(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('exit', () => resolve());
  });
}

/** Runs threads until they die in the middle; resolves when none is left. */
async function letDie(t: Test, cache: SharedCache, { keys, maxSize, threads = 3 }: Case): Promise<void> {
  const deaths = Array.from({ length: threads }, someDeath);
  const jobs = deaths.map((death): Job => {
    const die = { kind: 'die', keys, maxSize } as const;
    return death === undefined ? die : { ...die, death };
  });
  const crew = await Crew.ready(t, cache, jobs);
  crew.reports().catch(() => {});
  crew.go();
  await terminate(crew, deaths, threads > 3);
  died += threads;
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

/** What a cache holds once it has been filled beyond its brim. */
function capacity(cache: SharedCache, maxSize: number, atLeast = 0): { keys: number; bytes: number } {
  const value = provingValue('fill', 1, Math.min(100, maxSize));
  const until = performance.now() + atLeast;
  for (let i = 0; i < 12_000 || performance.now() < until; i++) cache.set(`fill${i}`, value);
  // Counted one by one: `size` may be one off per death.
  return { keys: [...cache.keys()].length, bytes: cache.stats().bytesUsed };
}

/** All but the count of keys: a thread that dies between an entry's removal and its count leaves that one off. */
function checkIntegrity(t: Test, cache: SharedCache): void {
  const errors = cache
    .integrityErrors()
    .filter((error) => !/keys are reachable, \d+ are counted/.test(error));
  t.strictSame(errors.slice(0, 5), [], seeded('integrity'));
}

for (const guard of GUARDS) {
  // What a thread leaves is the same under a lock, but for the lock.
  const share = guard === 'lock' ? 0.5 : 1;

  for (const one of CASES) {
    t.test(`${guard}, deaths at random instants: ${one.name}`, async (t) => {
      const cache = SharedCache.create(guarded(one.options, guard));
      const before = died;
      let longest = 0;
      for (let round = 0; round < times(one.rounds * share); round++) {
        await letDie(t, cache, one);
        longest = Math.max(longest, useAll(t, cache, one, seeded(`round ${round}`)));
      }
      t.comment(`${died - before} deaths, the longest operation after one: ${longest.toFixed(1)} ms`);
      t.ok(longest < BOUND, `no operation was held up for ${BOUND} ms, but ${longest.toFixed(1)} ms`);

      // Overflow buckets are never given back, so the other one has known as many keys.
      const safe = SharedCache.create(guarded(one.options, guard));
      useAll(t, safe, one, 'without deaths');
      const fresh = capacity(safe, one.maxSize);
      // Writers look for what dead threads have left once in 100 ms.
      const used = capacity(cache, one.maxSize, 120);
      t.ok(used.keys >= 0.9 * fresh.keys, seeded(`it holds ${used.keys} entries, a fresh one ${fresh.keys}`));
      t.ok(
        used.bytes >= 0.9 * fresh.bytes,
        seeded(`it holds ${used.bytes} bytes, a fresh one ${fresh.bytes}`),
      );

      checkIntegrity(t, cache);
      const drift = cache.size - [...cache.keys()].length;
      t.ok(Math.abs(drift) <= died - before, seeded(`size is off by ${drift}, no more than one per death`));
    });
  }

  t.test(`${guard}: what a thread did that died happened once, or not at all`, async (t) => {
    const cases = [
      { name: 'small values', options: { maxMemory: 1024 * KIB }, maxSize: 200, ballast: 0 },
      { name: 'in fragments', options: { maxMemory: 256 * KIB }, maxSize: 8_000, ballast: 0 },
      { name: 'memory short', options: { maxMemory: 64 * KIB }, maxSize: 1_000, ballast: 200 },
      { name: 'maxKeys', options: { maxMemory: 64 * KIB, maxKeys: 3 }, maxSize: 100, ballast: 0 },
    ];
    for (const { name, options, maxSize, ballast } of cases) {
      t.test(name, async (t) => {
        const cache = SharedCache.create(guarded(options, guard));
        let operations = 0;
        for (let round = 0; round < times(18 * share); round++) {
          const history = await mortalHistory(t, cache, maxSize, ballast, `${round}`);
          checkOperations(t, history, { mayVanish: cache.stats().evictions > 0 });
          operations += history.length;
        }
        t.comment(`${operations} operations`);
        // So that what the dead have left is taken over.
        capacity(cache, maxSize, 120);
        checkIntegrity(t, cache);
      });
    }
  });
}

/**
 * The history of four threads, one that stays, one that is terminated and two that end by themselves, and of this
 * one, which looks at all keys afterwards.
 */
async function mortalHistory(
  t: Test,
  cache: SharedCache,
  maxSize: number,
  ballast: number,
  name: string,
): Promise<Operation[]> {
  const plans = planHistory({
    threads: 4,
    rounds: 1,
    steps: 3_000,
    keys: ['a', 'b', 'c', 'd'].map((key) => `${key}${name}`),
    maxSize,
    ballast: { keys: ballast, maxSize: 500 },
  });
  const jobs = plans.map((plan, i): Job => {
    const job = { kind: 'record', plan } as const;
    if (i < 2) return job;
    return { ...job, death: { by: i === 2 ? 'exit' : 'exception', atAccess: 1 + random.below(40_000) } };
  });
  const crew = await Crew.ready(t, cache, jobs);
  crew.reports().catch(() => {});
  const ends = crew.workers.map((worker) => exitOf(worker));
  crew.go();
  await shortWhile(random.below(8_000));
  crew.workers[1]?.terminate();
  await Promise.all(ends.slice(1));
  await shortWhile(random.below(2_000));
  crew.stop();
  t.strictSame(flawsOf(await crew.reports([0])), [], seeded('flaws'));
  await Promise.all(ends);
  died += 3;
  const history = historyOf(plans);
  const instant = Math.max(
    ...history.map(({ start, end }) => Math.max(start, Number.isFinite(end) ? end : 0)),
  );
  const looks = plans[0]?.keys.map((key, i): Operation => {
    const found = cache.getString(key);
    const value = found === undefined ? 0 : serialOf(Buffer.from(found, 'hex'));
    return {
      key: String(i),
      thread: 4,
      start: instant + 1,
      end: instant + 2,
      effect: { kind: 'get', value },
    };
  });
  return [...history, ...(looks ?? [])];
}

t.teardown(() => t.comment(`${died} threads have died`));

t.test('threads that come and go need no more slots than live at a time', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  for (let round = 0; round < times(15); round++) {
    const jobs = Array.from({ length: 4 }, (_, i) => ({ kind: 'visit', key: `visit${round}-${i}` }) as const);
    const crew = await Crew.ready(t, cache, jobs);
    const ends = crew.workers.map((worker) => once(worker, 'exit'));
    t.strictSame(flawsOf(await crew.run()), []);
    await Promise.all(ends);
    for (const { key } of jobs) t.equal(cache.has(key), true);
  }
  t.equal(cache.stats().sets, 4 * times(15), 'what the dead have counted stays');
  t.strictSame(cache.integrityErrors(), []);
});

t.test('what a cache object had that its thread has dropped goes to the next one', async (t) => {
  // Another id stands for another attachment: the thread gets its own slot again.
  const { handle } = SharedCache.create({ maxMemory: 64 * KIB });
  const refused: number[] = [];
  for (let i = 0; i < 60; i++) {
    const cache = SharedCache.attach({ ...handle, id: `attachment ${i}` });
    if (!cache.set(`k${i}`, 'v') || cache.getString(`k${i}`) !== 'v') refused.push(i);
    if (refused.length > 0) break;
  }
  t.strictSame(refused, [], 'each has left a segment open, and there are not so many');
  const cache = SharedCache.attach({ ...handle, id: 'last' });
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
