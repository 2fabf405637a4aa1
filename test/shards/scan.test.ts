/** SCAN: all keys a few at a time, whatever others do meanwhile; and RANDOMKEY. */
import t, { type Test } from 'tap';
import { type CacheOptions, type Entries, SharedCache } from '../../shards/index.js';
import { Crew, flawsOf, nextTurn } from './crew.js';
import { bytes, FakeClock, GUARDS, guarded, provingValue, Random, SEED, seeded, times } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** One whole scan: how often each key came. `between` is called between two calls. */
function scanned(entries: Entries, count: number, between = (): void => {}): Map<string, number> {
  const seen = new Map<string, number>();
  let cursor = 0;
  do {
    cursor = entries.scan(cursor, count, (key) => {
      const name = Buffer.from(key).toString();
      seen.set(name, (seen.get(name) ?? 0) + 1);
    });
    between();
  } while (cursor !== 0);
  return seen;
}

function once(seen: ReadonlyMap<string, number>, t: Test, names: readonly string[], what: string): void {
  const wrong = names.filter((name) => seen.get(name) !== 1).map((name) => [name, seen.get(name)]);
  t.strictSame(wrong, [], what);
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${name}${i}`);

const layouts: readonly CacheOptions[] = [
  { maxMemory: 64 * KIB },
  { maxMemory: MIB, shards: 3 },
  // So few buckets that most of them overflow.
  { maxMemory: MIB, maxKeys: 2_000 },
  { maxMemory: MIB, guard: 'lock' },
];

for (const options of layouts) {
  t.test(`each key comes exactly once (${JSON.stringify(options)})`, async (t) => {
    const cache = SharedCache.create(options);
    const names = numbered('key', 500);
    for (const name of names) cache.set(name, name);
    for (const count of [1, 10, 1_000_000]) {
      const seen = scanned(cache.entries, count);
      once(seen, t, names, `count ${count}`);
      t.equal(seen.size, names.length, 'and no other');
    }
  });
}

t.test('keys without a value are not visited', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const { entries, ...cache } = withEntries();
  cache.set('value');
  entries.put('hidden', bytes(1), { label: -1 });
  entries.put('expired', bytes(1), { expiry: clock.now + 1 });
  clock.now++;
  t.strictSame([...scanned(entries, 10).keys()], ['value']);
  t.equal(Buffer.from(entries.randomKey() ?? []).toString(), 'value');
});

function withEntries(options: CacheOptions = { maxMemory: 64 * KIB }) {
  const cache = SharedCache.create(options);
  return { entries: cache.entries, set: (key: string) => cache.set(key, key), clear: () => cache.clear() };
}

t.test('a call visits whole buckets until it has enough, or has passed many empty ones', async (t) => {
  const { entries, set } = withEntries({ maxMemory: 64 * MIB });
  let visits = 0;
  const scan = (cursor: number, count: number): number => entries.scan(cursor, count, () => visits++);
  const empty = scan(0, 1);
  t.equal(empty, 16_384, 'of an empty map');
  t.equal(scan(0, 5_000), 50_000);
  for (const name of numbered('key', 20_000)) set(name);
  let cursor = 0;
  do {
    visits = 0;
    cursor = scan(cursor, 5);
    if (cursor !== 0 && !(visits >= 5 && visits < 5 + 30)) t.fail(`${visits} visits, count 5`);
  } while (cursor !== 0);
});

t.test('a cursor that was never given ends the scan, or goes on somewhere', async (t) => {
  const { entries, set } = withEntries();
  for (const name of numbered('key', 100)) set(name);
  for (const cursor of [-1, 0.5, Number.NaN, Infinity, -Infinity, 2 ** 31, 2 ** 53 - 1, 1e300]) {
    t.equal(
      entries.scan(cursor, 10, () => t.fail('visited')),
      0,
      String(cursor),
    );
  }
  const random = new Random(SEED);
  for (let i = 0; i < 200; i++) {
    const next = entries.scan(random.below(5_000), 10, () => {});
    if (!(Number.isSafeInteger(next) && next >= 0)) t.fail(seeded(`${next}`));
  }
});

t.test('the cache may be used while keys are visited', async (t) => {
  const cache = SharedCache.create({ maxMemory: MIB });
  const names = numbered('key', 300);
  for (const name of names) cache.set(name, name);
  let cursor = 0;
  do {
    cursor = cache.entries.scan(cursor, 7, (key) => t.equal(cache.delete(key), true));
  } while (cursor !== 0);
  t.equal(cache.size, 0);
  t.strictSame(cache.integrityErrors(), []);
});

for (const guard of GUARDS) {
  t.test(
    `${guard}: whatever others write, move and delete, a key that stays comes exactly once`,
    async (t) => {
      // Few buckets, long chains; the log is cleaned all the time, so keys are moved under the scan.
      const cache = SharedCache.create(guarded({ maxMemory: 256 * KIB, maxKeys: 700 }, guard));
      const stable = numbered('stable', 100);
      for (const name of stable) cache.set(name, provingValue(name, 1, 60));
      const steps = times(40_000);
      const crew = await Crew.ready(t, cache, [
        { kind: 'overwrite', steps, keys: 100, maxSize: 200 },
        { kind: 'come and go', steps, names: numbered('other', 400) },
      ]);
      crew.go();
      let rounds = 0;
      do {
        once(scanned(cache.entries, 1 + (rounds % 50)), t, stable, `round ${rounds}`);
        rounds++;
        await nextTurn();
      } while (crew.busy);
      t.strictSame(flawsOf(await crew.reports()), []);
      t.ok(rounds > 1, `${rounds} rounds`);
    },
  );
}

t.test('while others are evicted, what was there from beginning to end came', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  for (const name of numbered('key', 2_000)) cache.set(name, provingValue(name, 1, 40));
  let serial = 0;
  for (let round = 0; round < 5; round++) {
    const before = new Set(cache.keys());
    const seen = scanned(cache.entries, 10, () => {
      for (let i = 0; i < 3; i++) cache.set(`new${serial++}`, provingValue('new', serial, 40));
    });
    const after = new Set(cache.keys());
    const stayed = [...before].filter((name) => after.has(name));
    t.ok(stayed.length > 0 && stayed.length < before.size, 'some were evicted');
    once(seen, t, stayed, `round ${round}`);
  }
});

/** How often each key is drawn. */
function drawn(entries: Entries, draws: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const key = Buffer.from(entries.randomKey() ?? []).toString();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

t.test('a random key is one that has a value, and every key may be it', async (t) => {
  const { entries, set, clear } = withEntries({ maxMemory: 32 * MIB, shards: 2 });
  t.equal(entries.randomKey(), undefined);
  set('only');
  t.strictSame([...drawn(entries, 20)], [['only', 20]], 'of an almost empty map');
  clear();
  for (const name of numbered('key', 5)) set(name);
  const few = drawn(entries, 500);
  t.strictSame([...few.keys()].sort(), numbered('key', 5));
  t.ok(
    [...few.values()].every((count) => count > 15),
    JSON.stringify([...few]),
  );
  const names = new Set(numbered('key', 20_000));
  for (const name of names) set(name);
  const many = drawn(entries, 1_000);
  t.strictSame(
    [...many.keys()].filter((name) => !names.has(name)),
    [],
  );
  t.ok(many.size > 500, `${many.size} different ones in 1,000`);
  clear();
  t.equal(entries.randomKey(), undefined);
});

t.test('a random key of an almost empty map is found without looking at all of it', async (t) => {
  const { entries, set } = withEntries({ maxMemory: 128 * MIB });
  set('only');
  const { load } = Atomics;
  t.teardown(() => {
    Atomics.load = load;
  });
  let loads = 0;
  Atomics.load = ((...args: Parameters<typeof load>) => {
    loads++;
    return load(...args);
  }) as typeof load;
  for (let i = 0; i < 10; i++) entries.randomKey();
  Atomics.load = load;
  t.ok(loads / 10 < 20_000, `${loads / 10} words`);
});
