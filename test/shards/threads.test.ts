/**
 * Threads that use one cache at the same time: no torn, foreign or stale value, no lost update, no key missed that
 * is there, limits kept at every moment, and a sound map when they are done.
 */
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Crew, flawsOf, nextTurn } from './crew.js';
import { GUARDS, guarded, provingValue, seeded, times } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** What must hold of every cache once all threads have stopped. */
function checkAtRest(t: Test, cache: SharedCache): void {
  const message = seeded('at rest');
  t.strictSame(cache.integrityErrors().slice(0, 5), [], message);
  const keys = [...cache.keys()];
  t.equal(new Set(keys).size, keys.length, `${message}: every key once`);
  t.equal(cache.size, keys.length, `${message}: size`);
  t.equal(
    keys.filter((key) => cache.get(key) === undefined).length,
    0,
    `${message}: every listed key is found`,
  );
  const stats = cache.stats();
  t.equal(stats.keys, keys.length);
  t.equal(
    stats.shards.reduce((sum, { evictions }) => sum + evictions, 0),
    stats.evictions,
    'evictions add up',
  );
  t.equal(
    stats.shards.reduce((sum, { expirations }) => sum + expirations, 0),
    stats.expirations,
  );
  cache.clear();
  t.equal(cache.size, 0);
}

for (const guard of GUARDS) {
  t.test(`${guard}: no value is torn or another key’s, and the map is sound afterwards`, async (t) => {
    const cases = [
      {
        name: 'few keys overwritten, segments recycled all the time',
        options: { maxMemory: 64 * KIB },
        keys: 5,
        maxSize: 2_000,
      },
      { name: 'values in fragments', options: { maxMemory: 512 * KIB }, keys: 6, maxSize: 60_000 },
      { name: 'values of up to 100 KB', options: { maxMemory: 2 * MIB }, keys: 20, maxSize: 100_000 },
      {
        name: 'many small entries, evicted for memory',
        options: { maxMemory: 64 * KIB },
        keys: 5_000,
        maxSize: 60,
      },
      {
        name: 'two keys, in turn evicted for maxKeys 1',
        options: { maxMemory: 64 * KIB, maxKeys: 1 },
        keys: 2,
        maxSize: 300,
      },
      {
        name: 'maxKeys, small and large values, three shards',
        options: { maxMemory: 512 * KIB, maxKeys: 40, shards: 3 },
        keys: 100,
        maxSize: 20_000,
      },
      { name: 'with clear()', options: { maxMemory: 128 * KIB }, keys: 200, maxSize: 3_000, clears: 300 },
    ];
    for (const { name, options, keys, maxSize, ...rest } of cases) {
      t.test(name, async (t) => {
        const cache = SharedCache.create(guarded(options, guard));
        const steps = times((maxSize > 10_000 ? 2_500 : 8_000) / (guard === 'lock' ? 2 : 1));
        const job = { kind: 'mixed', steps, keys, maxSize, deletes: true, ...rest } as const;
        const crew = await Crew.ready(t, cache, [job, job, job, job]);
        t.strictSame(flawsOf(await crew.run()), [], seeded('flaws'));
        checkAtRest(t, cache);
      });
    }
  });
}

for (const guard of GUARDS) {
  t.test(`${guard}: getMany and setMany hand out whole values of the right keys`, async (t) => {
    const cache = SharedCache.create(guarded({ maxMemory: 128 * KIB }, guard));
    const job = { kind: 'many', steps: times(1_500), keys: 60 } as const;
    const crew = await Crew.ready(t, cache, [job, job, job]);
    t.strictSame(flawsOf(await crew.run()), [], seeded('flaws'));
    checkAtRest(t, cache);
  });
}

for (const guard of GUARDS) {
  t.test(`${guard}: increments by update from four threads all count`, async (t) => {
    for (const counters of [1, 7]) {
      const cache = SharedCache.create(guarded({ maxMemory: 64 * KIB }, guard));
      const steps = times(8_000);
      const job = { kind: 'increment', steps, counters } as const;
      const crew = await Crew.ready(t, cache, [job, job, job, job]);
      t.strictSame(flawsOf(await crew.run()), []);
      let sum = 0;
      for (let i = 0; i < counters; i++) sum += Number(cache.getString(`counter${i}`) ?? 0);
      t.equal(sum, 4 * steps, seeded(`${counters} counters`));
      t.equal(cache.stats().sets, 4 * steps, 'each counted once as a set');
      t.equal(cache.stats().evictions, 0);
      checkAtRest(t, cache);
    }
  });
}

for (const guard of GUARDS) {
  t.test(`${guard}: a key that is only ever overwritten is always found, and never goes back`, async (t) => {
    const cases = [
      { name: 'small values', maxMemory: 8 * MIB, keys: 8, maxSize: 200, steps: times(30_000) },
      { name: 'fragments', maxMemory: 4 * MIB, keys: 4, maxSize: 60_000, steps: times(4_000) },
    ];
    for (const { name, maxMemory, keys, maxSize, steps } of cases) {
      t.test(name, async (t) => {
        const cache = SharedCache.create(guarded({ maxMemory }, guard));
        for (let i = 0; i < keys; i++) cache.set(`stable${i}`, provingValue(`stable${i}`, 0, 40));
        // New keys in the same buckets, and their deletion, must not hide the stable ones.
        const crew = await Crew.ready(t, cache, [
          { kind: 'overwrite', steps, keys, maxSize },
          { kind: 'new keys', steps: steps / 2, name: 'new', maxSize: 40 },
          { kind: 'watch', keys },
          { kind: 'watch many', keys },
        ]);
        crew.go();
        const written = await crew.reports([0, 1]);
        crew.stop();
        const watched = await crew.reports([2, 3]);
        t.equal(cache.stats().evictions, 0, 'with memory to spare');
        t.strictSame(flawsOf([...written, ...watched]), [], seeded('flaws'));
        t.ok(
          watched.every(({ steps }) => steps > 0),
          'the watchers have watched',
        );
        checkAtRest(t, cache);
      });
    }
  });
}

for (const guard of GUARDS) {
  t.test(`${guard}: maxKeys is never exceeded, as seen by another thread at any moment`, async (t) => {
    // Of one shard: the sizes of several are looked at one after the other.
    for (const maxKeys of [1, 10, 500]) {
      const cache = SharedCache.create(guarded({ maxMemory: 256 * KIB, maxKeys }, guard));
      const steps = times(6_000);
      const crew = await Crew.ready(t, cache, [
        { kind: 'new keys', steps, name: 'a', maxSize: 100 },
        { kind: 'new keys', steps, name: 'b', maxSize: 100 },
        { kind: 'new keys', steps, name: 'a', maxSize: 100 },
        { kind: 'count', limit: maxKeys },
      ]);
      crew.go();
      const written = await crew.reports([0, 1, 2]);
      crew.stop();
      const watched = await crew.reports([3]);
      t.strictSame(flawsOf([...written, ...watched]), [], seeded(`maxKeys ${maxKeys}`));
      for (let i = 0; i < 2 * maxKeys; i++) cache.set(`end${i}`, '');
      t.equal(cache.size, maxKeys, 'no place is lost');
      checkAtRest(t, cache);
    }
  });
}

for (const guard of GUARDS) {
  t.test(`${guard}: keys() gives each stable key exactly once while others write`, async (t) => {
    const stable = 200;
    const cache = SharedCache.create(guarded({ maxMemory: 4 * MIB }, guard));
    for (let i = 0; i < stable; i++) cache.set(`stable${i}`, provingValue(`stable${i}`, 0, 40));
    const crew = await Crew.ready(t, cache, [
      { kind: 'overwrite', steps: times(30_000), keys: stable, maxSize: 100 },
      { kind: 'new keys', steps: times(30_000), name: 'new', maxSize: 60 },
      { kind: 'list', stable },
    ]);
    crew.go();
    const written = await crew.reports([0, 1]);
    crew.stop();
    t.strictSame(flawsOf([...written, ...(await crew.reports([2]))]), [], seeded('flaws'));
    t.equal(cache.stats().evictions, 0);
    checkAtRest(t, cache);
  });
}

for (const guard of GUARDS) {
  t.test(
    `${guard}: clear() against writers: what was there before is gone, what comes after stays`,
    async (t) => {
      const cache = SharedCache.create(guarded({ maxMemory: MIB }, guard));
      const crew = await Crew.ready(t, cache, [
        { kind: 'new keys', steps: times(15_000), name: 'a', maxSize: 100 },
        { kind: 'mixed', steps: times(5_000), keys: 20, maxSize: 20_000, deletes: true },
      ]);
      crew.go();
      let rounds = 0;
      const survivors: string[] = [];
      for (; crew.busy; rounds++) {
        cache.set('mine', String(rounds));
        cache.clear();
        if (cache.has('mine')) survivors.push(`round ${rounds}`);
        cache.set('after', String(rounds));
        if (cache.getString('after') !== String(rounds)) survivors.push(`after, round ${rounds}`);
        await nextTurn();
      }
      t.strictSame(survivors, [], seeded('keys of before'));
      t.strictSame(flawsOf(await crew.reports()), [], seeded('flaws'));
      t.ok(rounds > 1);
      checkAtRest(t, cache);
    },
  );
}
