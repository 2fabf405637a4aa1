/** The door for a tier above the map: entries with labels, read, put and deleted under conditions. */
import t, { type Test } from 'tap';
import { ABSENT, type EntryOptions, NEVER, SharedCache } from '../../shards/index.js';
import { Crew } from './crew.js';
import { Mover, Rig, Side } from './rig.js';
import { bytes, FakeClock, GUARDS, guarded, provingValue, thrownBy, times } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

const LABELS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)];

function clockFor(t: Test): FakeClock {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  return clock;
}

for (const guard of GUARDS) {
  const create = (options = { maxMemory: 64 * KIB }): SharedCache =>
    SharedCache.create(guarded(options, guard));

  t.test(`${guard}: an entry comes back as it was put`, async (t) => {
    const clock = clockFor(t);
    const { entries } = create({ maxMemory: 4 * MIB });
    t.equal(entries.read('key'), undefined);
    for (const size of [0, 1, 60, 255, 256, 5_000, 100_000]) {
      for (const expiry of [NEVER, clock.now + 1, Number.MAX_SAFE_INTEGER]) {
        for (const label of LABELS) {
          const value = provingValue('key', 1, size);
          t.equal(entries.put('key', value, { expiry, label }), 'stored');
          const entry = entries.read('key');
          t.match(entry, { expiry, label }, `${size} bytes, ${expiry}, ${label}`);
          t.equal(Buffer.compare(entry?.value ?? bytes(), value), 0, `${size} bytes`);
        }
      }
    }
    t.equal(entries.put('key', bytes(1), {}), 'stored');
    t.match(entries.read('key'), { value: bytes(1), expiry: NEVER, label: 0 }, 'neither, unless it is said');
  });

  t.test(`${guard}: a conditional write needs the entry that was read`, async (t) => {
    const { entries } = create();
    t.equal(entries.put('key', bytes(1), { label: 1 }, ABSENT), 'stored');
    t.equal(entries.put('key', bytes(2), { label: 1 }, ABSENT), 'kept');
    const first = entries.read('key');
    t.equal(entries.put('key', bytes(1), { label: 2 }), 'stored');
    t.equal(entries.put('key', bytes(3), { label: 3 }, first), 'kept', 'another label is another entry');
    t.equal(entries.delete('key', first), false);
    t.match(entries.read('key'), { value: bytes(1), label: 2 });

    const second = entries.read('key');
    t.equal(entries.put('key', bytes(1), { label: -2 }, second), 'stored', 'hidden, in place of a value');
    t.equal(entries.put('key', bytes(1), { label: 2 }, second), 'kept');
    t.equal(entries.put('key', bytes(1), { label: 2 }, ABSENT), 'kept', 'what is hidden is not absent here');
    const hidden = entries.read('key');
    t.equal(entries.put('key', bytes(9), { label: 2 }, hidden), 'stored', 'and the other way round');
    t.equal(entries.delete('key', hidden), false);
    t.equal(entries.delete('key', entries.read('key')), true);
    t.equal(entries.put('key', bytes(1), { label: 2 }, hidden), 'kept', 'it is absent');
    t.equal(entries.delete('key'), false);
  });

  t.test(`${guard}: an entry that is written anew with the same content is as good`, async (t) => {
    const { entries } = create();
    for (const label of [0, 5, -5]) {
      entries.put('key', bytes(1, 2), { label });
      const seen = entries.read('key');
      entries.put('key', bytes(1, 2), { label });
      t.equal(entries.put('key', bytes(3), { label: 9 }, seen), 'stored', `label ${label}`);
    }
  });

  t.test(`${guard}: what has expired is absent`, async (t) => {
    const clock = clockFor(t);
    const cache = create();
    const { entries } = cache;
    for (const label of [5, -5]) {
      entries.put('key', bytes(1), { expiry: clock.now + 10, label });
      const seen = entries.read('key');
      clock.now += 10;
      t.equal(entries.read('key'), undefined);
      t.equal(entries.put('key', bytes(2), { label: 6 }, seen), 'kept');
      t.equal(entries.delete('key'), false);
      entries.put('key', bytes(1), { expiry: clock.now - 1, label });
      t.equal(entries.put('key', bytes(2), { label: 6 }, ABSENT), 'stored');
      t.equal(entries.delete('key'), true);
    }
    t.equal(cache.stats().hidden, 0);
    t.strictSame(cache.integrityErrors(), []);
  });

  t.test(`${guard}: of two threads that find a key absent one puts it`, async (t) => {
    const cache = create({ maxMemory: MIB });
    const steps = times(3_000);
    const jobs = [1, 2].map((label) => ({ kind: 'put absent', steps, label: -label }) as const);
    const crew = await Crew.ready(t, cache, jobs);
    const stored = (await crew.run()).map(({ steps }) => steps);
    t.equal((stored[0] ?? 0) + (stored[1] ?? 0), steps, 'each key was stored once');
    t.equal(cache.stats().hidden, steps);
    const won = [0, 0];
    for (let i = 0; i < steps; i++) {
      const { label = 0, value } = cache.entries.read(`key${i}`) ?? {};
      if (value?.[0] !== -label) t.fail(`key${i}: label ${label} with the value of ${value?.[0]}`);
      won[-label - 1] = (won[-label - 1] ?? 0) + 1;
    }
    t.strictSame(won, stored, 'what each was told is what is there');
    t.strictSame(cache.integrityErrors(), []);
  });
}

t.test('a labelled value is a value like any other', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  cache.set('plain', 'plain value');
  cache.entries.put('labelled', Buffer.from('labelled value'), { label: 7 });
  t.equal(cache.getString('labelled'), 'labelled value');
  t.equal(cache.has('labelled'), true);
  t.equal(cache.ttl('labelled'), Infinity);
  t.equal(cache.size, 2);
  t.strictSame([...cache.keys()].sort(), ['labelled', 'plain']);
  t.equal(cache.expire('labelled', 1e6), true);
  t.match(cache.entries.read('labelled'), { label: 7 }, 'another time to live is no other value');
  cache.update('labelled', () => 'new');
  t.match(cache.entries.read('labelled'), { label: 0 }, 'a new value has no label');
  t.equal(cache.delete('labelled'), true);
});

t.test('an entry without a label takes no word for it, and one with a label takes one', async (t) => {
  const used = (options: EntryOptions): number => {
    const cache = SharedCache.create({ maxMemory: 64 * KIB });
    cache.entries.put('four', bytes(1, 2, 3, 4), options);
    return cache.stats().bytesUsed;
  };
  const expiry = Date.now() + 1e6;
  t.equal(used({}), 16);
  t.equal(used({ label: 1 }), 20);
  t.equal(used({ expiry }), 24);
  t.equal(used({ label: -1, expiry }), 28);
});

t.test('keys of 1 to 512 bytes are told apart behind a label and an expiry', async (t) => {
  const cache = SharedCache.create({ maxMemory: 8 * MIB });
  const expiry = Date.now() + 1e9;
  const keyOf = (length: number): Uint8Array => new Uint8Array(length).fill(length & 0xff);
  const kinds: EntryOptions[] = [{}, { label: -1 }, { label: 3 }, { expiry }, { expiry, label: -4 }];
  const optionsOf = (length: number): EntryOptions => kinds[length % kinds.length] ?? {};
  for (let length = 1; length <= 512; length++) {
    cache.entries.put(keyOf(length), provingValue('v', length, length % 300), optionsOf(length));
  }
  const flaws: number[] = [];
  for (let length = 1; length <= 512; length++) {
    const entry = cache.entries.read(keyOf(length));
    const { label = 0, expiry = NEVER } = optionsOf(length);
    const isRight = entry !== undefined && entry.label === label && entry.expiry === expiry;
    const value = provingValue('v', length, length % 300);
    if (!isRight || Buffer.compare(entry.value, value) !== 0) flaws.push(length);
  }
  t.strictSame(flaws, []);
  t.strictSame(cache.integrityErrors(), []);
});

t.test('what is moved keeps its label', async (t) => {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const side = new Side(rig, 1);
  const mover = new Mover(rig, new Side(rig, 2));
  const expiry = Date.now() + 1e9;
  const put = (key: string, size: number, label: number, expiry: number): void => {
    const value = provingValue(key, 1, size);
    t.equal(side.put(key, value, expiry, label), true);
  };
  const sizes = [0, 60, 300, 3_000];
  for (const size of sizes) {
    for (const label of LABELS) {
      put(`${size} ${label}`, size, label, NEVER);
      put(`${size} ${label} expires`, size, label, expiry);
    }
  }
  const placeOf = (key: string): number | undefined => side.shard.read(side.load(key))?.location;
  const before = placeOf('60 1');
  side.view.thread.pinForRead(0);
  for (let segment = 0; segment < rig.layout.segments; segment++) mover.empty(segment);
  t.not(placeOf('60 1'), before, 'it was moved');
  for (const size of sizes) {
    for (const label of LABELS) {
      for (const key of [`${size} ${label}`, `${size} ${label} expires`]) {
        const entry = side.shard.read(side.load(key));
        const value = provingValue(key, 1, size);
        t.match(entry, { label, value, expiry: key.endsWith('expires') ? expiry : NEVER }, key);
      }
    }
  }
  t.strictSame(rig.errors(), []);
});

t.test('reading, putting and deleting entries is counted by who does it', async (t) => {
  const { entries, ...cache } = counted();
  const none = { hits: 0, misses: 0, sets: 0, deletes: 0 };
  entries.put('key', bytes(1), {});
  entries.read('key');
  entries.read('none');
  entries.delete('key');
  t.match(cache.stats(), none);
  entries.countHit();
  t.match(cache.stats(), { ...none, hits: 1 });
  entries.countMiss();
  t.match(cache.stats(), { ...none, hits: 1, misses: 1 });
  entries.countSet();
  t.match(cache.stats(), { ...none, hits: 1, misses: 1, sets: 1 });
  entries.countDelete();
  t.match(cache.stats(), { hits: 1, misses: 1, sets: 1, deletes: 1 });
});

function counted(): Pick<SharedCache, 'entries'> & { stats: SharedCache['stats'] } {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  return { entries: cache.entries, stats: () => cache.stats() };
}

t.test('a value that can never fit is refused, and the old entry stays', async (t) => {
  const { entries } = SharedCache.create({ maxMemory: 64 * KIB, maxValueSize: 100 });
  t.equal(entries.put('key', new Uint8Array(100), { label: 1 }), 'stored');
  t.equal(entries.put('key', new Uint8Array(101), { label: 2 }), 'no room');
  t.match(entries.read('key'), { label: 1 });
});

t.test('wrong arguments are refused by name', async (t) => {
  const { entries } = SharedCache.create({ maxMemory: 64 * KIB });
  const put = (value: unknown, options: unknown): string =>
    thrownBy(() => entries.put('key', value as Uint8Array, options as EntryOptions));
  t.equal(put('text', {}), 'TypeError: value must be a Uint8Array, not a string');
  for (const label of [1.5, 2 ** 31, -(2 ** 31) - 1, Number.NaN]) {
    t.equal(
      put(bytes(1), { label }),
      `RangeError: label must be a signed whole number of 32 bits, not ${label}`,
    );
  }
  for (const expiry of [-1, 0.5, Infinity, 2 ** 53]) {
    t.equal(
      put(bytes(1), { expiry }),
      `RangeError: expiry must be whole milliseconds since the epoch, not ${expiry}`,
    );
  }
  t.match(
    thrownBy(() => entries.put('', bytes(1), {})),
    /^RangeError: key must be 1 to 512 bytes/,
  );
  t.match(
    thrownBy(() => entries.read('')),
    /^RangeError: key/,
  );
  t.match(
    thrownBy(() => entries.delete('')),
    /^RangeError: key/,
  );
  t.equal(entries.read('key'), undefined, 'nothing was stored');
});

t.test('entries are one object per cache', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  t.equal(cache.entries, SharedCache.attach(cache.handle).entries);
});
