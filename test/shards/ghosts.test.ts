/** What a slot remembers of an entry that was evicted from it: for that key to come back, and for nothing else. */
import t from 'tap';
import { bucketOf, countEntries, find } from '../../shards/bucket.js';
import { stampOf } from '../../shards/entry.js';
import { ABSENT } from '../../shards/expected.js';
import { isGhost, stampOfGhost } from '../../shards/ghost.js';
import { clearShard, keysOf } from '../../shards/iterate.js';
import {
  BUCKET_OVERFLOW,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  CONTROL_WEIGHTS,
  SHARD_OVERFLOW_SEGMENT,
  SLOTS_PER_BUCKET,
} from '../../shards/layout.js';
import { classOf } from '../../shards/stamp.js';
import { draftOf, Rig, Side } from './rig.js';
import { bytes } from './support.js';

const KIB = 1024;
const VALUE = bytes(1, 2, 3);

function setUp(maxKeys = 0): { rig: Rig; side: Side } {
  const rig = new Rig({ maxMemory: 64 * KIB, maxKeys });
  return { rig, side: new Side(rig, 1) };
}

/** So many keys of one bucket. */
function mates(side: Side, count: number): string[] {
  const found: string[] = [];
  let bucket = 0;
  for (let i = 0; found.length < count; i++) {
    const at = bucketOf(side.view, side.load(`mate${i}`).hash);
    if (bucket === 0) bucket = at;
    if (at === bucket) found.push(`mate${i}`);
  }
  return found;
}

function evict(side: Side, key: string): number {
  const location = find(side.view, side.load(key));
  const slot = side.view.foundSlot;
  if (location === 0 || !side.shard.remove(slot, location, 'evicted')) throw new Error(`${key} is not there`);
  return slot;
}

/** The slot that a key is in. */
function slotOf(side: Side, key: string): number {
  return find(side.view, side.load(key)) === 0 ? 0 : side.view.foundSlot;
}

function classOfKey(side: Side, key: string): number {
  return classOf(stampOf(side.view, find(side.view, side.load(key))));
}

function ghosts({ view }: Side): number[] {
  const words: number[] = [];
  for (let bucket = view.indexStart; bucket < view.logStart; bucket += BUCKET_WORDS) {
    for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
      if (isGhost(view.words[slot] as number)) words.push(view.words[slot] as number);
    }
  }
  return words;
}

/** A key that was used so many times. */
function used(side: Side, key: string, times: number): void {
  side.set(key, VALUE);
  for (let i = 1; i < times; i++) side.get(key);
}

t.test('the class of an entry is how often it was used: once, twice, more often', async (t) => {
  const { side } = setUp();
  for (const [times, expected] of [
    [1, 0],
    [2, 1],
    [3, 2],
    [9, 2],
  ] as const) {
    used(side, `used${times}`, times);
    t.equal(classOfKey(side, `used${times}`), expected, `${times} times`);
  }
});

t.test('overwriting is a use: the entry keeps its past', async (t) => {
  const { side } = setUp();
  const classes: number[] = [];
  for (let i = 0; i < 4; i++) {
    side.set('k', VALUE);
    classes.push(classOfKey(side, 'k'));
  }
  t.strictSame(classes, [0, 1, 2, 2]);
});

t.test('uses within one tick count as one, whatever they are', async (t) => {
  const { rig, side } = setUp();
  for (let i = 0; i < 640; i++) side.set(`other${i}`, bytes());
  const [tick] = rig.control;
  // A tick takes ten accesses now.
  while (rig.control[0] === tick) side.get('other0');
  side.set('k', VALUE);
  side.set('k', VALUE);
  side.get('k');
  const entry = side.shard.read(side.load('k'));
  if (entry !== undefined) side.shard.write(side.load('k'), draftOf(VALUE), entry);
  t.equal(rig.control[0], (tick as number) + 1, 'all within a tick');
  t.equal(classOfKey(side, 'k'), 0);
});

t.test('reading is a use, for a conditional write too; looking is none', async (t) => {
  const { side } = setUp();
  const { shard } = side;
  const uses: Readonly<Record<string, () => unknown>> = {
    get: () => side.get('k'),
    getInto: () => shard.getInto(side.load('k'), new Uint8Array(3)),
    read: () => shard.read(side.load('k')),
  };
  const looks: Readonly<Record<string, () => unknown>> = {
    peek: () => shard.peek(side.load('k')),
    expiry: () => shard.expiry(side.load('k')),
    'getInto without room': () => shard.getInto(side.load('k'), new Uint8Array(2)),
  };
  for (const [name, act] of [...Object.entries(uses), ...Object.entries(looks)]) {
    side.delete('k');
    side.set('k', VALUE);
    // So that the clock goes on in between.
    side.set('other', VALUE);
    act();
    t.equal(classOfKey(side, 'k'), name in uses ? 1 : 0, name);
  }
});

t.test('an evicted entry leaves a ghost with its class and the tick of its eviction', async (t) => {
  for (const times of [1, 2, 3]) {
    const { rig, side } = setUp();
    used(side, 'k', times);
    const expected = classOfKey(side, 'k');
    const slot = evict(side, 'k');
    const word = side.view.words[slot] as number;
    t.equal(isGhost(word), true);
    t.equal(classOf(stampOfGhost(word)), expected);
    t.equal(stampOfGhost(word) & 0x3fff, rig.control[0], 'the tick of now');
    t.strictSame(rig.errors(), []);
  }
});

t.test(
  'a key that comes back goes where its ghost is, and its class is one more than the ghost’s',
  async (t) => {
    for (const times of [1, 2, 3]) {
      const { rig, side } = setUp();
      // The slots before it are empty again: they would do as well.
      const [first = '', second = '', key = ''] = mates(side, 3);
      side.set(first, VALUE);
      side.set(second, VALUE);
      used(side, key, times);
      side.delete(first);
      side.delete(second);
      const slot = evict(side, key);
      side.set(key, VALUE);
      t.equal(slotOf(side, key), slot);
      t.equal(classOfKey(side, key), Math.min(times, 2), `evicted after ${times} uses`);
      t.strictSame(ghosts(side), []);
      t.strictSame(rig.errors(), []);
    }
  },
);

t.test('another key of the bucket does not get that class', async (t) => {
  const { side } = setUp();
  const keys = mates(side, SLOTS_PER_BUCKET + 1);
  for (const key of keys.slice(1)) used(side, key, 3);
  for (const key of keys.slice(1)) evict(side, key);
  side.set(keys[0] ?? '', VALUE);
  t.equal(classOfKey(side, keys[0] ?? ''), 0);
});

t.test('a ghost makes no absent key present, for any operation', async (t) => {
  const { rig, side } = setUp(100);
  const { shard, view } = side;
  used(side, 'k', 3);
  const slot = evict(side, 'k');
  const pinned = view.thread.readPinned;
  t.equal(side.get('k'), undefined);
  t.equal(view.thread.readPinned, pinned, 'nothing is pinned for it');
  t.equal(shard.getInto(side.load('k'), new Uint8Array(10)), -1);
  t.equal(shard.read(side.load('k')), undefined);
  t.equal(shard.expiry(side.load('k')), -1);
  t.equal(side.delete('k'), false);
  t.strictSame([...keysOf(view)], []);
  t.equal(countEntries(view), 0);
  t.equal(shard.keys, 0);
  clearShard(shard);
  t.ok(isGhost(view.words[slot] as number), 'and it stays what it is');
  t.equal(
    shard.write(side.load('k'), draftOf(VALUE), ABSENT),
    'stored',
    'it is absent to a conditional write',
  );
  t.strictSame(rig.errors(), []);
});

t.test('what is deleted, cleared, expired or overwritten leaves none', async (t) => {
  const { side } = setUp();
  const keys = mates(side, 4);
  for (const key of keys) used(side, key, 3);
  const [deleted = '', expired = '', overwritten = ''] = keys;
  side.delete(deleted);
  const location = find(side.view, side.load(expired));
  side.shard.remove(side.view.foundSlot, location, 'expired');
  side.set(overwritten, VALUE);
  t.strictSame(ghosts(side), []);
  clearShard(side.shard);
  t.strictSame(ghosts(side), []);
  for (const key of keys) {
    side.set(key, VALUE);
    t.equal(classOfKey(side, key), 0, 'who comes back after that is new');
  }
});

t.test('slots full of ghosts can all be taken again, before an overflow bucket is', async (t) => {
  const { rig, side } = setUp();
  const keys = mates(side, 3 * SLOTS_PER_BUCKET);
  const home = bucketOf(side.view, side.load(keys[0] ?? '').hash);
  for (let from = 0; from < keys.length; from += SLOTS_PER_BUCKET) {
    const some = keys.slice(from, from + SLOTS_PER_BUCKET);
    for (const key of some) t.equal(side.set(key, VALUE), true);
    t.equal(side.shard.keys, SLOTS_PER_BUCKET);
    for (const key of some) evict(side, key);
    t.equal(ghosts(side).length, SLOTS_PER_BUCKET);
  }
  t.equal(side.view.words[home + BUCKET_OVERFLOW], 0);
  t.equal(side.view.words[SHARD_OVERFLOW_SEGMENT], 0);
  for (const key of keys.slice(0, SLOTS_PER_BUCKET + 1)) side.set(key, VALUE);
  t.not(side.view.words[home + BUCKET_OVERFLOW], 0, 'one more than there are slots needs one');
  for (const key of keys.slice(0, SLOTS_PER_BUCKET + 1)) t.ok(side.get(key));
  t.strictSame(rig.errors(), []);
});

t.test('a new key takes an empty slot first, and then that of the oldest ghost', async (t) => {
  const { side } = setUp();
  const keys = mates(side, SLOTS_PER_BUCKET + 3);
  for (const key of keys.slice(0, SLOTS_PER_BUCKET)) side.set(key, VALUE);
  const [a = '', b = '', c = ''] = keys;
  const [first = '', second = '', third = ''] = keys.slice(SLOTS_PER_BUCKET);
  const older = evict(side, b);
  // So that the clock goes on in between.
  side.get(keys[5] ?? '');
  const younger = evict(side, a);
  const empty = slotOf(side, c);
  side.delete(c);
  side.set(first, VALUE);
  t.equal(slotOf(side, first), empty);
  side.set(second, VALUE);
  t.equal(slotOf(side, second), older);
  side.set(third, VALUE);
  t.equal(slotOf(side, third), younger);
});

t.test('weights are learned when a key finds its ghost, not when there is none', async (t) => {
  const { rig, side } = setUp();
  const weight = (): number => rig.control[CONTROL_WEIGHTS] as number;
  used(side, 'k', 3);
  side.delete('k');
  side.set('k', VALUE);
  t.equal(weight(), 0);
  side.get('k');
  side.get('k');
  evict(side, 'k');
  side.set('k', VALUE);
  t.ok(weight() > 0, 'it had been used often: those used once age faster now');
  const after = weight();
  side.set('k', VALUE);
  t.equal(weight(), after, 'once');
});
