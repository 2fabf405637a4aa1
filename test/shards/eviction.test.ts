/**
 * Which keys go, and when: the least recently used first, never more than `maxKeys`, never one while there is
 * room, and the memory of what went is used again.
 */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Rig, Side } from './rig.js';
import { Random, SEED, seeded } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

/** For a value's length alone. */
const NOTHING = new Uint8Array(0);

/** The keys that exact LRU holds. */
class Lru {
  readonly #keys = new Set<string>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get keys(): string[] {
    return [...this.#keys].sort();
  }

  use(key: string): void {
    if (!this.#keys.delete(key) && this.#keys.size === this.#limit) {
      const [oldest] = this.#keys;
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    this.#keys.add(key);
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  delete(key: string): void {
    this.#keys.delete(key);
  }
}

t.test('a cache of up to 32 keys evicts exactly the least recently used', async (t) => {
  for (const maxKeys of [1, 2, 3, 7, 16, 31, 32]) {
    for (const shards of [1, 2]) {
      const random = new Random(SEED + maxKeys);
      const cache = SharedCache.create({ maxMemory: 256 * KIB, maxKeys, shards });
      const lru = new Lru(maxKeys);
      let differsAt: string | undefined;
      for (let i = 0; i < 1500 && differsAt === undefined; i++) {
        const key = `k${random.below(2 * maxKeys + 2)}`;
        const action = random.below(10);
        if (action < 5) {
          cache.set(key, 'v'.repeat(random.below(40)));
          lru.use(key);
        } else if (action < 8) {
          if (cache.get(key) !== undefined) lru.use(key);
        } else if (action < 9) {
          cache.update(key, () => 'u');
          lru.use(key);
        } else if (random.chance(2)) {
          cache.delete(key);
          lru.delete(key);
        } else {
          cache.has(key);
          cache.ttl(key);
        }
        const keys = [...cache.keys()].sort();
        if (keys.join() !== lru.keys.join()) differsAt = `step ${i}: ${keys.join()} for ${lru.keys.join()}`;
      }
      t.equal(differsAt, undefined, seeded(`${maxKeys} keys, ${shards} shards`));
      t.strictSame(cache.integrityErrors(), []);
    }
  }
});

t.test(
  'a larger one evicts some of the least recently used: the pool remembers good candidates',
  async (t) => {
    const maxKeys = 400;
    const side = new Side(new Rig({ maxMemory: MIB, maxKeys }), 1);
    const held = new Set<string>();
    const random = new Random(1);
    let ranks = 0;
    let evictions = 0;
    for (let i = 0; i < 4_000; i++) {
      const before = [...held];
      const key = random.chance(2) ? `k${i}` : (before[random.below(before.length)] ?? 'k');
      side.set(key, NOTHING);
      if (!held.delete(key) && before.length === maxKeys) {
        const gone = before.find((one) => side.shard.peek(side.load(one)) === undefined) ?? '';
        ranks += before.indexOf(gone) / maxKeys;
        evictions++;
        held.delete(gone);
      }
      held.add(key);
    }
    const mean = ranks / evictions;
    // A quarter of a percent; three times as much if old scores were never brought up to date.
    t.ok(mean < 0.005, `on average ${100 * mean} % of the keys were used before the one that went`);
  },
);

t.test('looking at a key with has, ttl or keys() is no use of it', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 2 });
  cache.set('a', '1');
  cache.set('b', '2');
  cache.has('a');
  cache.ttl('a');
  [...cache.keys()];
  cache.set('c', '3');
  t.strictSame([...cache.keys()].sort(), ['b', 'c']);
});

t.test('never more than maxKeys, and no fewer once it is full', async (t) => {
  for (const maxKeys of [1, 3, 50, 1000]) {
    const cache = SharedCache.create({ maxMemory: MIB, maxKeys, shards: 2 });
    let most = 0;
    let least = Infinity;
    for (let i = 0; i < 3 * maxKeys; i++) {
      cache.set(`k${i}`, 'v');
      most = Math.max(most, cache.size);
      if (i >= maxKeys) least = Math.min(least, cache.size);
    }
    t.strictSame({ most, least }, { most: maxKeys, least: maxKeys });
    t.equal(cache.stats().evictions, 2 * maxKeys);
  }
});

t.test('maxKeys holds while segments are recycled under the hand that takes samples', async (t) => {
  const random = new Random(SEED);
  const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 50 });
  let most = 0;
  for (let i = 0; i < 30_000; i++) {
    // Mostly overwritten: many segments come and go between two evictions, in records of ever other sizes.
    const key = random.chance(20) ? `new${i}` : `k${random.below(45)}`;
    cache.set(key, new Uint8Array(random.below(400)).fill(random.next()));
    most = Math.max(most, cache.size);
  }
  t.equal(most, 50, seeded('most keys'));
  t.strictSame(cache.integrityErrors(), []);
});

t.test('a key just read or written is never the next to go', async (t) => {
  const limits = [
    { maxMemory: 4 * MIB, maxKeys: 100 },
    { maxMemory: 4 * MIB, maxKeys: 1000 },
    { maxMemory: 4 * MIB, maxKeys: 10_000 },
    { maxMemory: 64 * KIB },
    { maxMemory: 512 * KIB },
    { maxMemory: 2 * MIB, shards: 3 },
  ];
  for (const options of limits) {
    const random = new Random(SEED);
    const cache = SharedCache.create(options);
    const losses: string[] = [];
    let last = 'k0';
    cache.set(last, '');
    for (let i = 1; i < 40_000; i++) {
      const key = `k${i}`;
      cache.set(key, 'x'.repeat(random.below(100)));
      if (!cache.has(last)) losses.push(`${last}, at ${i}`);
      last = key;
      const older = `k${random.below(i)}`;
      if (random.chance(3) && cache.get(older) !== undefined) last = older;
    }
    t.strictSame(losses.slice(0, 5), [], seeded(JSON.stringify(options)));
    t.ok(cache.stats().evictions > 0, 'there were evictions');
    t.strictSame(cache.integrityErrors(), []);
  }
});

t.test('hot keys survive a scan', async (t) => {
  for (const options of [
    { maxMemory: MIB },
    { maxMemory: 4 * MIB, maxKeys: 5000 },
    { maxMemory: 3 * MIB, shards: 3 },
  ]) {
    const cache = SharedCache.create(options);
    const hot = Array.from({ length: 300 }, (_, i) => `hot${i}`);
    for (const key of hot) cache.set(key, 'h'.repeat(50));
    let lost = 0;
    for (let i = 0; i < 60_000; i++) {
      cache.set(`scan${i}`, 's'.repeat(50));
      const key = hot[i % hot.length] ?? '';
      if (cache.get(key) === undefined) {
        lost++;
        cache.set(key, 'h'.repeat(50));
      }
    }
    // First in, first out would lose each at every turn of the cache: 3 to 6 % of these reads.
    t.ok(lost <= 60_000 / 100, `${lost} misses of hot keys: ${JSON.stringify(options)}`);
    t.ok(cache.stats().evictions > 10_000, 'the scan was evicted');
  }
});

t.test('nothing is evicted while there is room', async (t) => {
  t.test(
    'filling maxMemory with values of mixed sizes, but for the index and the spare segments',
    async (t) => {
      const parts = [
        [256 * KIB, 0.75],
        [MIB, 0.8],
        [4 * MIB, 0.84],
        [16 * MIB, 0.85],
      ] as const;
      for (const [maxMemory, part] of parts) {
        const random = new Random(SEED);
        const cache = SharedCache.create({ maxMemory });
        let filled = 0;
        for (let i = 0; filled < part * maxMemory; i++) {
          const value = new Uint8Array(400 + random.below(Math.min(20_000, maxMemory / 100)));
          cache.set(`key${i}`, value);
          filled += value.length + 8 + 8;
        }
        t.equal(cache.stats().evictions, 0, seeded(`${maxMemory} bytes`));
      }
    },
  );

  t.test('overwriting one key', async (t) => {
    const cache = SharedCache.create({ maxMemory: 256 * KIB });
    for (let i = 0; i < 200; i++) cache.set(`stay${i}`, 'x'.repeat(100));
    for (let i = 0; i < 200_000; i++) cache.set('k', 'v'.repeat(i % 100));
    t.equal(cache.stats().evictions, 0);
    t.equal(cache.size, 201);
    for (let i = 0; i < 200; i++) t.equal(cache.get(`stay${i}`)?.length, 100);
    t.strictSame(cache.integrityErrors(), []);
  });

  t.test('overwriting one large value', async (t) => {
    const cache = SharedCache.create({ maxMemory: MIB });
    for (let i = 0; i < 200; i++) cache.set(`stay${i}`, 'x'.repeat(100));
    for (let i = 0; i < 1_000; i++) cache.set('k', new Uint8Array(100_000 + i));
    t.equal(cache.stats().evictions, 0);
    t.equal(cache.size, 201);
    t.strictSame(cache.integrityErrors(), []);
  });
});

t.test('the memory of deleted entries comes back', async (t) => {
  for (const size of [10, 1_000, 30_000]) {
    const cache = SharedCache.create({ maxMemory: MIB });
    const count = Math.floor((0.7 * MIB) / (size + 40));
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < count; i++) cache.set(`r${round}-${i}`, new Uint8Array(size));
      t.equal(cache.size, count);
      for (let i = 0; i < count; i++) cache.delete(`r${round}-${i}`);
    }
    t.equal(cache.stats().evictions, 0, `${size} bytes each`);
    t.equal(cache.stats().bytesUsed, 0);
    t.strictSame(cache.integrityErrors(), []);
  }
});

t.test('the memory of cleared entries comes back', async (t) => {
  const cache = SharedCache.create({ maxMemory: MIB });
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 700; i++) cache.set(`r${round}-${i}`, new Uint8Array(1_000));
    t.equal(cache.size, 700);
    cache.clear();
  }
  t.equal(cache.stats().evictions, 0);
});

t.test('set is never false for what fits, however long and mixed the history', async (t) => {
  const cases = [
    { maxMemory: 64 * KIB, maxValueSize: 30 * KIB },
    { maxMemory: 512 * KIB, maxValueSize: 85 * KIB },
    { maxMemory: MIB, maxValueSize: 400 * KIB },
    { maxMemory: 2 * MIB, maxValueSize: 400 * KIB, shards: 2 },
    { maxMemory: 512 * KIB, maxValueSize: 85 * KIB, maxKeys: 100 },
  ];
  for (const options of cases) {
    const random = new Random(SEED);
    const cache = SharedCache.create(options);
    const bytes = new Uint8Array(options.maxValueSize);
    const refused: string[] = [];
    const lost: string[] = [];
    for (let i = 0; i < 2_500; i++) {
      const size = random.chance(200) ? options.maxValueSize : random.size(options.maxValueSize);
      const key = `k${random.below(5_000)}`;
      if (!cache.set(key, bytes.subarray(0, size))) refused.push(`${size} bytes at ${i}`);
      else if (cache.getInto(key, NOTHING) !== size) lost.push(`${size} bytes at ${i}`);
      if (random.chance(5)) cache.delete(`k${random.below(5_000)}`);
    }
    t.strictSame(refused.slice(0, 5), [], seeded(`refused: ${JSON.stringify(options)}`));
    t.strictSame(lost.slice(0, 5), [], seeded(`not found right after: ${JSON.stringify(options)}`));
    t.strictSame(cache.integrityErrors(), []);
  }
});

t.test('tiny entries need a larger index, taken from the log, and go on being stored', async (t) => {
  for (const maxMemory of [64 * KIB, 256 * KIB, 2 * MIB]) {
    const cache = SharedCache.create({ maxMemory });
    let refused = 0;
    const count = 5 * (maxMemory / 20);
    for (let i = 0; i < count; i++) if (!cache.set(i.toString(36), '')) refused++;
    t.equal(refused, 0);
    const bytesPerKey = maxMemory / cache.size;
    t.ok(bytesPerKey < 40, `${bytesPerKey.toFixed(1)} bytes of memory per tiny key`);
    t.strictSame(cache.integrityErrors(), []);
  }
});

t.test('a tiny cache forgets no order, however long nothing was evicted', async (t) => {
  // Stamps repeat after 2^14 accesses.
  for (let accesses = 2 ** 14 - 4; accesses <= 2 ** 14; accesses++) {
    const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 4 });
    for (const key of ['first', 'second', 'third', 'used']) cache.set(key, '1');
    for (let i = 0; i < accesses; i++) cache.get('used');
    cache.set('fourth', '1');
    cache.set('fifth', '1');
    t.strictSame([...cache.keys()].sort(), ['fifth', 'fourth', 'third', 'used'], `${accesses} accesses`);
  }
});

t.test('a tiny cache tells entries apart of which one is as old as the other is made', async (t) => {
  // Old stamps are made younger each 2,048 accesses, from an age of 8,192 on: for one of these, of the older one alone.
  for (let before = 2_040; before <= 2_050; before++) {
    for (let attempt = 0; attempt < 4; attempt++) {
      const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 3 });
      cache.set('used', '1');
      for (let i = 0; i < before; i++) cache.get('used');
      cache.set('older', '1');
      cache.set('younger', '1');
      for (let i = 0; i < 8_200; i++) cache.get('used');
      cache.set('new', '1');
      t.strictSame([...cache.keys()].sort(), ['new', 'used', 'younger'], `${before} accesses before`);
    }
  }
});

t.test('a tiny cache goes on knowing the order of single accesses, however old what it evicts', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 3 });
  for (let round = 0; round < 20; round++) {
    for (const key of ['a', 'b', 'c']) cache.set(`${key}${round}`, '1');
    for (let i = 0; i < 3_000; i++) cache.get(`c${round}`);
    // The oldest goes, and is very old; then the others are used one after the other.
    cache.set(`d${round}`, '1');
    const others = ['b', 'c', 'd'].map((key) => `${key}${round}`);
    const [first = '', second = '', third = ''] = [0, 1, 2].map((i) => others[(i + round) % 3]);
    for (const key of [first, second, third]) cache.get(key);
    cache.set(`e${round}`, '1');
    t.strictSame([...cache.keys()].sort(), [second, third, `e${round}`].sort());
  }
});
