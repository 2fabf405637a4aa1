/** Calls for who makes no object per command: keys and values that lie in larger buffers, and writes on condition. */
import t, { type Test } from 'tap';
import {
  type Entries,
  NEVER,
  SharedCache,
  type WriteObserver,
  type WriteOutcome,
} from '../../shards/index.js';
import { Crew, flawsOf } from './crew.js';
import { draftOf, Mover, Rig, Side } from './rig.js';
import {
  bytes,
  FakeClock,
  GUARDS,
  guarded,
  provingValue,
  seeded,
  textOf,
  thrownBy,
  times,
} from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;

function clockFor(t: Test): FakeClock {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  return clock;
}

/** The calls for a key that lies in the middle of a buffer, as text. */
function callsFor(entries: Entries, name: string) {
  const buffer = Buffer.from(`<${name}>`);
  const end = buffer.length - 1;
  const target = Buffer.alloc(100);
  const valued = (text: string) => [Buffer.from(`<<${text}>`), 2, 2 + text.length] as const;
  return {
    target,
    read: (place = 3) => entries.getRangeInto(buffer, 1, end, target, place),
    put: (text: string, expiry = NEVER): WriteOutcome =>
      entries.putRange(buffer, 1, end, ...valued(text), expiry),
    putIfUnchanged: (text: string, expiry = NEVER): WriteOutcome =>
      entries.putRangeIfUnchanged(buffer, 1, end, ...valued(text), expiry),
    delete: () => entries.deleteRange(buffer, 1, end),
    deleteIfUnchanged: () => entries.deleteRangeIfUnchanged(buffer, 1, end),
    has: () => entries.hasRange(buffer, 1, end),
    touch: () => entries.touchRange(buffer, 1, end),
    expiry: () => entries.expiryRange(buffer, 1, end),
    valueLength: () => entries.valueLengthRange(buffer, 1, end),
  };
}

for (const guard of GUARDS) {
  const create = (): SharedCache => SharedCache.create(guarded({ maxMemory: 64 * KIB }, guard));

  t.test(`${guard}: a value is removed only if it is the one that was read`, async (t) => {
    const clock = clockFor(t);
    const key = callsFor(create().entries, 'key');
    key.put('text');
    key.read();
    t.equal(key.deleteIfUnchanged(), true);
    t.equal(key.has(), false);
    t.equal(key.deleteIfUnchanged(), false, 'it has gone');
    key.put('text', clock.now + 50);
    key.read();
    key.put('other');
    t.equal(key.deleteIfUnchanged(), false, 'another one');
    t.equal(key.valueLength(), 5);
    key.delete();
    key.read();
    key.put('text', clock.now + 50);
    t.equal(key.deleteIfUnchanged(), false, 'there was none');
    key.read();
    clock.now += 50;
    t.equal(key.deleteIfUnchanged(), false, 'it has expired');
  });

  t.test(`${guard}: a value is put, seen and removed`, async (t) => {
    const clock = clockFor(t);
    const cache = create();
    const key = callsFor(cache.entries, 'key');
    const isAbsent = (when: string) => {
      t.strictSame(
        [key.read(), key.has(), key.touch(), key.expiry(), key.valueLength(), key.delete()],
        [-1, false, false, -1, -1, false],
        when,
      );
    };
    isAbsent('at first');
    t.equal(key.put('text', clock.now + 50), 'stored');
    t.equal(textOf(cache.get('key')), 'text');
    t.strictSame(
      [key.read(), key.has(), key.touch(), key.expiry(), key.valueLength()],
      [4, true, true, clock.now + 50, 4],
    );
    t.equal(key.put('longer'), 'stored');
    t.strictSame([key.expiry(), key.valueLength()], [NEVER, 6]);
    t.equal(key.delete(), true);
    isAbsent('deleted');
    key.put('text', clock.now + 50);
    clock.now += 50;
    isAbsent('expired');
    cache.entries.put('key', bytes(1), { label: -1 });
    isAbsent('hidden');
    t.equal(cache.entries.read('key'), undefined, 'delete has removed what was hidden');
    t.match(cache.stats(), { hits: 1, misses: 0, sets: 0, deletes: 0 }, 'only get was counted');
  });

  t.test(`${guard}: a value is put if the key has what was found`, async (t) => {
    const clock = clockFor(t);
    const cache = create();
    const key = callsFor(cache.entries, 'key');
    t.equal(key.read(), -1);
    t.equal(key.putIfUnchanged('1'), 'stored');
    t.equal(key.putIfUnchanged('2'), 'kept', 'it has a value now');
    t.equal(key.read(), 1);
    t.equal(key.putIfUnchanged('2', clock.now + 9), 'stored');
    t.equal(key.expiry(), clock.now + 9);
    for (const [what, change] of [
      ['another value', () => key.put('3', clock.now + 9)],
      ['another time to live', () => key.put('2')],
      ['no value', () => key.delete()],
      ['something hidden', () => cache.entries.put('key', bytes(50), { expiry: clock.now + 9, label: -1 })],
      ['a label', () => cache.entries.put('key', bytes(50), { expiry: clock.now + 9, label: 1 })],
      ['an expired value', () => (clock.now += 9)],
    ] as const) {
      key.put('2', clock.now + 9);
      t.equal(key.read(), 1);
      change();
      t.equal(key.putIfUnchanged('4'), 'kept', what);
    }
    key.put('2');
    key.read();
    key.put('2');
    t.equal(key.putIfUnchanged('3'), 'stored', 'the same value again is as good');
    t.equal(textOf(cache.get('key')), '3');
  });

  t.test(`${guard}: where there was no value there may be anything that is none`, async (t) => {
    const clock = clockFor(t);
    const { entries } = create();
    const key = callsFor(entries, 'key');
    entries.put('key', bytes(1), { label: -1 });
    t.equal(key.read(), -1);
    t.equal(key.putIfUnchanged('1', clock.now + 5), 'stored', 'hidden');
    clock.now += 5;
    t.equal(key.read(), -1);
    t.equal(key.putIfUnchanged('2'), 'stored', 'expired');
    key.delete();
    t.equal(key.read(), -1);
    entries.put('key', bytes(1), { label: -2 });
    t.equal(key.putIfUnchanged('3'), 'stored', 'hidden since');
  });

  t.test(`${guard}: increments from several threads all count`, async (t) => {
    for (const [maxMemory, padding] of [
      [MIB, 0],
      // In fragments, which are moved all the time; in a smaller memory all the more.
      [8 * MIB, 9_000],
      [MIB, 9_000],
    ] as const) {
      const cache = SharedCache.create(guarded({ maxMemory }, guard));
      const steps = times(padding === 0 ? 20_000 : 3_000);
      const job = { kind: 'increment ranges', steps, counters: 3, padding } as const;
      const crew = await Crew.ready(t, cache, [job, job, job]);
      t.strictSame(flawsOf(await crew.run()), []);
      t.equal(cache.stats().evictions, 0);
      let sum = 0;
      for (let i = 0; i < 3; i++) sum += parseInt(cache.getString(`counter${i}`) ?? '0', 10);
      t.equal(sum, 3 * steps, seeded(`${padding} bytes of padding`));
      t.strictSame(cache.integrityErrors(), []);
    }
  });
}

t.test('an entry that was moved is unchanged, as long as its copy is there', async (t) => {
  for (const size of [0, 60, 3_000]) {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const side = new Side(rig, 1);
    const mover = new Mover(rig, new Side(rig, 2));
    const value = provingValue('key', 1, size);
    const expiry = Date.now() + 1e9;
    const target = new Uint8Array(5_000);
    const moveAfter = (room: number): void => {
      side.set('key', value, expiry);
      t.equal(side.shard.getInto(side.load('key'), target, target.length - room), size);
      const { location } = side.shard.got;
      // So that its segment is closed.
      for (let i = 0; i < 100; i++) side.set(`other${i}`, provingValue('other', i, 60));
      side.view.thread.pinForRead(0);
      for (let segment = 0; segment < rig.layout.segments; segment++) mover.empty(segment);
      t.not(side.shard.peek(side.load('key'))?.location, location, 'it was moved');
    };
    const put = (other: Uint8Array): WriteOutcome =>
      side.shard.write(side.load('key'), draftOf(other), side.shard.got);
    moveAfter(5_000);
    t.equal(put(bytes(1)), 'stored', `${size} bytes`);
    moveAfter(5_000);
    side.set('key', provingValue('key', 2, size + 1), expiry);
    t.equal(put(bytes(1)), 'kept', `${size} bytes, changed`);
    if (size === 0) continue;
    moveAfter(size - 1);
    t.equal(put(bytes(1)), 'kept', `${size} bytes that were not copied`);
  }
});

t.test('another entry at the same place, in a later life of its segment, is another one', async (t) => {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const side = new Side(rig, 1);
  const target = new Uint8Array(100);
  side.set('key', bytes(0));
  side.shard.getInto(side.load('key'), target);
  const { location } = side.shard.got;
  // The log goes round until the key is written to where it was.
  let rounds = 0;
  do side.set('key', bytes(1, ++rounds));
  while (side.shard.peek(side.load('key'))?.location !== location && rounds < 1e6);
  t.equal(side.shard.peek(side.load('key'))?.location, location);
  t.equal(side.shard.write(side.load('key'), draftOf(bytes(2)), side.shard.got), 'kept');
});

t.test('who is told of used keys: TOUCH, and no look', async (t) => {
  const survives = (use: (calls: ReturnType<typeof callsFor>) => void): boolean => {
    const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 2 });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => callsFor(cache.entries, name));
    a?.put('1');
    b?.put('1');
    if (a !== undefined) use(a);
    c?.put('1');
    return cache.has('a');
  };
  t.equal(
    survives((key) => key.touch()),
    true,
  );
  t.equal(
    survives((key) => key.has()),
    false,
  );
  t.equal(
    survives((key) => key.expiry()),
    false,
  );
  t.equal(
    survives((key) => key.valueLength()),
    false,
  );
});

t.test('a value that can never fit is refused, and the old one stays', async (t) => {
  const { entries } = SharedCache.create({ maxMemory: 64 * KIB, maxValueSize: 4 });
  const key = callsFor(entries, 'key');
  t.equal(key.put('four'), 'stored');
  t.equal(key.read(), 4);
  t.equal(key.put('fives'), 'no room');
  t.equal(key.putIfUnchanged('fives'), 'no room');
  t.equal(key.valueLength(), 4);
});

t.test('wrong arguments are refused by name', async (t) => {
  const { entries } = SharedCache.create({ maxMemory: 64 * KIB });
  const key = callsFor(entries, 'key');
  t.match(
    thrownBy(() => key.putIfUnchanged('1')),
    /^RangeError: the last getRangeInto must be for the key/,
  );
  key.read();
  t.match(
    thrownBy(() => callsFor(entries, 'another').putIfUnchanged('1')),
    /^RangeError: the last getRangeInto must be for the key/,
  );
  t.match(
    thrownBy(() => callsFor(entries, 'another').deleteIfUnchanged()),
    /^RangeError: the last getRangeInto must be for the key/,
  );
  for (const expiry of [-1, 0.5, Infinity, Number.NaN]) {
    t.match(
      thrownBy(() => key.put('1', expiry)),
      /^RangeError: expiry must be whole milliseconds/,
    );
  }
  t.match(
    thrownBy(() => callsFor(entries, '').put('1')),
    /^RangeError: key must be 1 to 512 bytes/,
  );
});

t.test('an observer is told of what is written and deleted, not of what goes by itself', async (t) => {
  const clock = clockFor(t);
  const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 3 });
  const { entries } = cache;
  const key = callsFor(entries, 'key');
  let told: number[] = [];
  const observer: WriteObserver = {
    changed: (hash) => told.push(hash),
  };
  cache.observeWrites(observer);
  const toldBy = (act: () => unknown): number => {
    told = [];
    act();
    t.ok(new Set(told).size <= 1, 'of one key');
    return told.length;
  };
  t.equal(
    toldBy(() => cache.set('key', 'value')),
    1,
  );
  const [hash] = told;
  for (const [name, write] of Object.entries({
    'the same again': () => cache.set('key', 'value'),
    setRange: () => cache.setRange(Buffer.from('key'), 0, 3, bytes(1), 0, 1),
    expire: () => cache.expire('key', 5_000),
    update: () => cache.update('key', () => 'new'),
    put: () => entries.put('key', bytes(1), {}),
    putRange: () => key.put('1'),
    putRangeIfUnchanged: () => key.read() && key.putIfUnchanged('1'),
    deleteRange: () => key.delete(),
    setBaseline: () => cache.setBaseline(Buffer.from('key value'), 0, 3, 4, 9),
    delete: () => cache.delete('key'),
    setMany: () => cache.setMany([['key', '1']]),
    'update to nothing': () => cache.update('key', () => undefined),
  })) {
    t.equal(toldBy(write), 1, name);
    t.equal(told[0], hash, `${name}: of the key`);
  }
  for (const [name, act] of Object.entries({
    delete: () => cache.delete('key'),
    deleteRange: () => key.delete(),
    get: () => cache.get('key'),
    'read of nothing': () => key.read(),
    expire: () => cache.expire('key', 5),
    putRangeIfUnchanged: () => {
      cache.observeWrites(undefined);
      key.put('2');
      cache.observeWrites(observer);
      key.putIfUnchanged('1');
    },
  })) {
    t.equal(toldBy(act), 0, `${name} that does nothing`);
  }
  t.equal(
    toldBy(() => cache.clear()),
    0,
    'cleared',
  );
  cache.set('key', 'value', { ttl: 5 });
  clock.now += 5;
  t.equal(
    toldBy(() => cache.get('key')),
    0,
    'expired',
  );
  for (const other of ['a', 'b', 'c']) cache.set(other, '1');
  t.equal(
    toldBy(() => cache.set('d', '1')),
    1,
    'one was written, another evicted',
  );
  cache.observeWrites(undefined);
  t.equal(
    toldBy(() => cache.set('key', 'value')),
    0,
  );
});
