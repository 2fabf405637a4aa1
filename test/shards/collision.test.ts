/**
 * Keys that collide in every bit of their hash, and keys of one bucket: told apart by the key itself, in chains of
 * overflow buckets, whatever happens to them.
 */
import t from 'tap';
import type { CacheOptions, SharedCache } from '../../shards/index.js';
import { bucketMates, collidingKeys, createWithSeed } from './collisions.js';
import { Crew, flawsOf } from './crew.js';
import { checkHistory } from './linearizability/history.js';
import { checkModel, type Names } from './model.js';
import { flawIn, GUARDS, guarded, provingValue, seeded, times } from './support.js';

const KIB = 1024;
const SEED_OF_HASH = 12_345;
const SMALL: CacheOptions = { maxMemory: 64 * KIB };
const LARGE: CacheOptions = { maxMemory: 1024 * KIB };

const colliding = collidingKeys(SEED_OF_HASH);
const mates = bucketMates(SMALL, SEED_OF_HASH, 300);
const largeMates = bucketMates(LARGE, SEED_OF_HASH, 60);

t.test('there are such keys', async (t) => {
  t.ok(colliding.length >= 2, `${colliding.length} keys have one hash`);
  t.equal(new Set(colliding).size, colliding.length);
  t.equal(new Set(mates).size, 300);
});

t.test('a seed of the test’s own is that of the cache', async (t) => {
  const cache = createWithSeed(SMALL, SEED_OF_HASH);
  t.equal(cache.handle.seed, SEED_OF_HASH);
  cache.set('k', 'v');
  t.strictSame(cache.integrityErrors(), []);
});

const GROUPS: Readonly<Record<string, readonly string[]>> = { 'one hash': colliding, 'one bucket': mates };

for (const guard of GUARDS) {
  for (const [name, keys] of Object.entries(GROUPS)) {
    t.test(`${guard}, ${name}: each key has its own value`, async (t) => {
      const cache = createWithSeed(guarded(SMALL, guard), SEED_OF_HASH);
      keys.forEach((key, i) => {
        cache.set(key, provingValue(key, i, 60));
      });
      t.equal(cache.size, keys.length);
      t.strictSame([...cache.keys()].sort(), [...keys].sort());
      const flaws = keys.map((key) => flawIn(key, cache.get(key) ?? new Uint8Array()));
      t.strictSame(flaws.filter(Boolean), []);
      t.equal(cache.getMany(keys).filter((value) => value?.length === 60).length, keys.length);

      const [gone, left] = [keys.filter((_, i) => i % 2 === 0), keys.filter((_, i) => i % 2 === 1)];
      t.equal(gone.filter((key) => cache.delete(key)).length, gone.length);
      t.strictSame(
        keys.filter((key) => cache.has(key)),
        left,
        'no other one goes',
      );
      for (const key of keys) cache.update(key, (current) => (current === undefined ? key : undefined));
      t.strictSame(
        keys.filter((key) => cache.getString(key) === key),
        gone,
      );
      t.equal(cache.expire(keys[0] ?? '', 1_000_000), true);
      t.equal(cache.ttl(keys[2] ?? ''), Infinity, 'nor has another one that time to live');
      cache.clear();
      t.equal(cache.size, 0);
      t.strictSame(cache.integrityErrors(), []);
    });

    t.test(`${guard}, ${name}: against a Map`, async (t) => {
      const names: Names = { few: keys.slice(0, 40), many: { colliding: keys } };
      const cases = [
        { options: SMALL, maxSize: 100, runs: 20 },
        { options: SMALL, maxSize: 6_000, runs: 20 },
        { options: { ...SMALL, maxKeys: 20 }, maxSize: 300, runs: 20 },
      ];
      for (const { options, maxSize, runs } of cases) {
        const create = () => createWithSeed(guarded(options, guard), SEED_OF_HASH);
        t.test(`${JSON.stringify(options)}, values up to ${maxSize} bytes`, async (t) => {
          checkModel(t, create, maxSize, runs, names);
        });
      }
    });

    t.test(`${guard}, ${name}: several threads`, async (t) => {
      const cases = [
        { name: 'evicted for memory', options: SMALL, maxSize: 1_000 },
        { name: 'evicted for maxKeys', options: { ...SMALL, maxKeys: 25 }, maxSize: 100 },
        { name: 'with clear()', options: LARGE, maxSize: 2_000, clears: 200 },
      ];
      for (const { name, options, ...rest } of cases) {
        t.test(name, async (t) => {
          const cache = createWithSeed(guarded(options, guard), SEED_OF_HASH);
          const job = {
            kind: 'mixed',
            steps: times(4_000),
            keys: 0,
            names: keys,
            deletes: true,
            ...rest,
          } as const;
          const crew = await Crew.ready(t, cache, [job, job, job]);
          t.strictSame(flawsOf(await crew.run()), [], seeded('flaws'));
          t.strictSame(cache.integrityErrors().slice(0, 5), [], seeded('integrity'));
          cache.clear();
          t.equal(cache.size, 0);
        });
      }
    });
  }

  t.test(`${guard}: a key is found while others of its bucket come and go`, async (t) => {
    for (const keys of [colliding.slice(0, 60), largeMates]) {
      const cache = createWithSeed(guarded(LARGE, guard), SEED_OF_HASH);
      const half = keys.length >>> 1;
      const [stable, others] = [keys.slice(0, half), keys.slice(half)];
      // Mixed in the chain, so that there are both in every bucket.
      for (let i = 0; i < keys.length; i++) {
        const key = (i % 2 === 0 ? stable : others)[i >>> 1] ?? '';
        cache.set(key, provingValue(key, 0, 60));
      }
      const steps = times(15_000);
      const crew = await Crew.ready(t, cache, [
        { kind: 'overwrite', steps, keys: 0, maxSize: 100, names: stable },
        { kind: 'come and go', steps, names: others },
        { kind: 'watch', keys: 0, names: stable },
      ]);
      crew.go();
      const written = await crew.reports([0, 1]);
      crew.stop();
      t.strictSame(flawsOf([...written, ...(await crew.reports([2]))]), [], seeded('flaws'));
      t.equal(cache.stats().evictions, 0);
      t.strictSame(cache.integrityErrors(), []);
    }
  });

  for (const scheduled of [false, true]) {
    t.test(`${guard}: linearizable, ${scheduled ? 'stopped at any access' : 'run freely'}`, async (t) => {
      const cache: SharedCache = createWithSeed(guarded(LARGE, guard), SEED_OF_HASH);
      const rounds = times(scheduled ? 500 : 800);
      const size = { threads: 3, rounds, steps: scheduled ? 6 : 20, keys: colliding.slice(0, 3) };
      const { mayVanish } = await checkHistory(t, cache, { ...size, maxSize: 100, scheduled });
      t.equal(mayVanish, false, 'nothing was evicted');
    });
  }
}
