/**
 * The outcomes that must not be, with the race that would lead to each placed on purpose: one thread plays several
 * (see rig.ts). First the races the comments in shards/ speak of, one by one; then every pair of operations with the
 * one in the middle of the other, and every operation with its thread's death, at each access to shared words.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import t from 'tap';
import { chain, Finding, find, insert, look, replace } from '../../shards/bucket.js';
import { fragmentCount, kindOf, valueLengthOf, valueStart } from '../../shards/entry.js';
import { ABSENT } from '../../shards/expected.js';
import { fragmentAt } from '../../shards/fragments.js';
import { BUCKET_VERSION, BUCKET_WORDS, SEGMENT_STATE } from '../../shards/layout.js';
import { currentIdentity } from '../../shards/owner.js';
import {
  CLAIMED,
  claim,
  claimFromDead,
  claimOwn,
  closeOpen,
  EMPTIED,
  FREE,
  IN_USE,
  recoverFromDead,
  release,
  reuse,
  stateOf,
  usedWords,
} from '../../shards/segment.js';
import { forEachPinned, isPinned, recoverDeadThreads } from '../../shards/thread-slot.js';
import { DEAD, draftOf, Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { flawIn, provingValue, Random, SEED, seeded, times } from './support.js';

const KIB = 1024;
const OWNER_SHIFT = 3;

const small = (key: string, serial = 1): Uint8Array => provingValue(key, serial, 60);
const large = (key: string, serial = 1): Uint8Array => provingValue(key, serial, 3_000);

/** A rig with some keys, written by a thread that has closed its segment and gone. */
function furnished(maxKeys = 0): Rig {
  const rig = new Rig({ maxMemory: 64 * KIB, maxKeys });
  const writer = new Side(rig, 4);
  for (let i = 0; i < 6; i++) writer.set(`small${i}`, small(`small${i}`));
  for (let i = 0; i < 3; i++) writer.set(`large${i}`, large(`large${i}`));
  for (let i = 6; i < 12; i++) writer.set(`small${i}`, small(`small${i}`));
  closeAllOf(writer);
  return rig;
}

function closeAllOf({ view }: Side): void {
  for (let segment = 0; segment < view.layout.segments; segment++) {
    const word = view.words[view.segmentRow(segment) + SEGMENT_STATE];
    if (word >>> OWNER_SHIFT === view.thread.id) closeOpen(view, segment, usedWords(view, segment));
  }
}

/** Writes more than the memory holds: every segment that may be is used again. */
function churn(side: Side): void {
  for (let i = 0; i < 300; i++) side.set(`churn${i}`, provingValue(`churn${i}`, 1, 300));
}

/**
 * Overwrites what lies around `small1` and `large1`, then other keys in no order, so that segments are mostly dead but
 * none wholly: those two are moved, again and again, and where they were something else is written.
 */
function moveAll(side: Side): void {
  const random = new Random(SEED);
  for (const i of [0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) side.set(`small${i}`, small(`small${i}`, 5));
  for (const key of ['large0', 'large2']) side.set(key, large(key, 5));
  for (let i = 0; i < 500; i++) {
    const key = `mover${random.below(60)}`;
    side.set(key, provingValue(key, i, 200 + random.below(50)));
  }
}

t.test('a segment that is pinned is not used again before the pin moves on', async (t) => {
  const rig = furnished();
  const [reader, recycler] = [new Side(rig, 1), new Side(rig, 2)];
  const location = find(reader.view, reader.load('small0'));
  const segment = reader.view.segmentOf(location);
  t.equal(claim(recycler.view, segment, IN_USE), true);
  for (let i = 0; i < 12; i++) recycler.delete(`small${i}`);
  for (let i = 0; i < 3; i++) recycler.delete(`large${i}`);
  release(recycler.view, segment, EMPTIED);
  // Its own pin may be on it, from the deletions.
  recycler.view.thread.pinForRead(0);
  t.equal(reuse(recycler.view, segment), false);
  t.equal(stateOf(recycler.view, segment), EMPTIED);
  churn(recycler);
  t.equal(stateOf(recycler.view, segment), EMPTIED, 'however much room is needed');
  t.equal(reader.view.words[location], 60, 'what the reader may be reading is untouched');
  reader.view.thread.pinForRead(0);
  t.equal(reuse(recycler.view, segment), true);
  t.equal(stateOf(recycler.view, segment), FREE);
});

t.test('a pin on the walk or on a fragment holds a segment as well', async (t) => {
  const rig = furnished();
  const [reader, recycler] = [new Side(rig, 1), new Side(rig, 2)];
  const { control, walkPin, fragmentPin } = reader.view.thread;
  for (const pin of [walkPin, fragmentPin]) {
    recycler.view.words[recycler.view.segmentRow(20) + SEGMENT_STATE] = EMPTIED;
    control[pin] = recycler.view.pinFor(recycler.view.segmentStart(20));
    t.equal(reuse(recycler.view, 20), false);
    control[pin] = 0;
    t.equal(reuse(recycler.view, 20), true);
  }
});

t.test('of two threads that found a key absent, one brings it in', async (t) => {
  const rig = furnished();
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  const [one, other] = [new Finding(), new Finding()];
  // Any location will do that an entry of another key has: this is about the slots.
  const location = find(a.view, a.load('small1'));
  look(a.view, a.load('new'), one);
  look(b.view, b.load('new'), other);
  t.equal(one.location, 0);
  t.equal(other.location, 0);
  t.equal(insert(a.view, one, a.key.hash & 0xffff, location), true);
  t.equal(insert(b.view, other, b.key.hash & 0xffff, location), false, 'the version has moved on');
  look(b.view, b.load('new'), other);
  t.not(other.version, one.version);
});

t.test('of two threads that found a bucket full, one chains its overflow bucket', async (t) => {
  const rig = furnished();
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  const [one, other] = [new Finding(), new Finding()];
  look(a.view, a.load('new'), one);
  look(b.view, b.load('new'), other);
  const overflow = a.view.segmentStart(25);
  t.equal(chain(a.view, one, overflow), true);
  t.equal(chain(b.view, other, overflow + BUCKET_WORDS), false);
  t.equal(insert(b.view, other, 1, overflow), false, 'nor is a key brought in behind its back');
});

t.test('a location that was exchanged can’t be exchanged again', async (t) => {
  const rig = furnished();
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  const location = find(a.view, a.load('small1'));
  const slot = a.view.foundSlot;
  t.equal(b.set('small1', small('small1', 2)), true);
  t.equal(replace(a.view, slot, location, 0), false);
  t.equal(flawIn('small1', a.get('small1') ?? new Uint8Array()), undefined);
  t.equal(b.delete('small1'), true);
  t.equal(a.delete('small1'), false);
});

t.test('a conditional write is refused when the key was written meanwhile', async (t) => {
  const rig = furnished();
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  const seen = a.shard.read(a.load('small1'));
  b.set('small1', small('small1', 2));
  t.equal(a.shard.write(a.load('small1'), draftOf(small('small1', 3)), seen), 'kept');
  t.equal(a.shard.delete(a.load('small1'), seen), 'nothing');
  t.equal(a.shard.write(a.load('small1'), draftOf(small('small1', 3)), ABSENT), 'kept');
  t.equal(a.shard.write(a.load('none'), draftOf(small('none', 3)), seen), 'kept');
  t.strictSame(rig.errors(), []);
});

t.test('an entry that lies elsewhere but holds the same is still the expected one', async (t) => {
  const rig = furnished();
  const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
  for (const key of ['small1', 'large1']) {
    const seen = a.shard.read(a.load(key));
    if (seen === undefined) throw new Error(`${key} is not there`);
    b.set(key, seen.value);
    t.equal(a.shard.write(a.load(key), draftOf(small(key, 3)), seen), 'stored');
  }
  t.strictSame(rig.errors(), []);
});

t.test('one that holds the same for another time to live is not', async (t) => {
  for (const key of ['small1', 'large1']) {
    const rig = furnished();
    const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
    const seen = a.shard.read(a.load(key));
    if (seen === undefined) throw new Error(`${key} is not there`);
    const expiry = Date.now() + 1e9;
    b.set(key, seen.value, expiry);
    t.equal(a.shard.write(a.load(key), draftOf(small(key, 3)), seen), 'kept', 'or its time would be lost');
    t.equal(a.shard.delete(a.load(key), seen), 'nothing');
    const seenNow = a.shard.read(a.load(key));
    b.set(key, seen.value, expiry + 1);
    t.equal(a.shard.write(a.load(key), draftOf(small(key, 3)), seenNow), 'kept');
    b.set(key, seen.value, expiry);
    t.equal(a.shard.write(a.load(key), draftOf(small(key, 3)), seenNow), 'stored');
  }
});

t.test('an entry at the same place in another life of its segment is another one', async (t) => {
  const rig = furnished();
  const a = new Side(rig, 1);
  const seen = a.shard.read(a.load('small1'));
  if (seen === undefined) throw new Error('small1 is not there');
  const before = { ...seen, age: seen.age - 1, value: new Uint8Array(small('small1', 2)) };
  t.equal(a.shard.write(a.load('small1'), draftOf(small('small1', 3)), before), 'kept');
  t.equal(a.shard.delete(a.load('small1'), before), 'nothing');
  t.equal(a.shard.delete(a.load('small1'), seen), 'value');
});

t.test('every segment that a fragmented value lies in is pinned while it is read there', async (t) => {
  const rig = furnished();
  const a = new Side(rig, 1);
  const { view } = a;
  const head = find(view, a.load('large1'));
  const list = valueStart(head, kindOf(view, head));
  const count = fragmentCount(rig.layout, valueLengthOf(view, head));
  const expected = new Set(
    Array.from({ length: count }, (_, i) => view.segmentOf(fragmentAt(view, list + i))),
  );
  expected.delete(view.segmentOf(head));
  t.ok(expected.size > 0, 'not all of it lies where its head is');
  const pinned = new Set<number>();
  stepping(
    () => a.get('large1'),
    () => forEachPinned(rig.control, rig.layout.threadSlots, 0, (segment) => pinned.add(segment)),
  );
  t.strictSame(
    [...expected].filter((segment) => !pinned.has(segment)),
    [],
  );
});

t.test(
  'a bucket that a dead thread left locked is taken over; that of a living one is waited for',
  async (t) => {
    const rig = furnished();
    const a = new Side(rig, 1);
    const finding = new Finding();
    look(a.view, a.load('new'), finding);
    const version = finding.bucket + BUCKET_VERSION;
    rig.setIdentity(3, DEAD);
    a.view.words[version] |= 3;
    t.equal(a.set('new', small('new')), true);
    t.equal(a.view.words[version] & 0xff, 0);
    t.equal(insert(a.view, finding, 1, 1), false, 'what the dead one may have done counts as an insertion');

    rig.setIdentity(3, currentIdentity());
    a.delete('new');
    a.view.words[version] |= 3;
    t.equal(flawIn('small1', a.get('small1') ?? new Uint8Array()), undefined, 'readers wait for nobody');
    t.throws(
      () =>
        stepping(
          () => a.set('new', small('new')),
          () => {},
        ),
      { name: 'Hangs' },
    );
    t.equal(a.view.words[version] & 0xff, 3);
  },
);

t.test('a claimed or open segment of a dead thread is taken over, that of a living one never', async (t) => {
  for (const state of [CLAIMED, IN_USE]) {
    const rig = furnished();
    const a = new Side(rig, 1);
    const location = find(a.view, a.load('small0'));
    const segment = a.view.segmentOf(location);
    const word = a.view.segmentRow(segment) + SEGMENT_STATE;
    a.view.words[word] = state | (3 << OWNER_SHIFT);
    rig.setIdentity(3, currentIdentity());
    t.equal(claimFromDead(a.view, segment), false);
    t.equal(claimOwn(a.view, segment), false);
    churn(a);
    t.equal(a.view.words[word], state | (3 << OWNER_SHIFT));

    rig.setIdentity(3, DEAD);
    const other = new Side(rig, 2);
    t.equal(claimFromDead(other.view, segment), true);
    t.equal(other.view.words[word], CLAIMED | (2 << OWNER_SHIFT));
    release(other.view, segment, IN_USE);
    t.strictSame(rig.errors(), []);
  }
});

t.test('what dead threads have left is found by who needs room', async (t) => {
  const rig = furnished();
  const a = new Side(rig, 1);
  rig.setIdentity(3, DEAD);
  for (let segment = 0; segment < rig.layout.segments; segment++) {
    const word = a.view.segmentRow(segment) + SEGMENT_STATE;
    if (segment % 2 === 0) a.view.words[word] = CLAIMED | (3 << OWNER_SHIFT);
  }
  churn(a);
  const left = Array.from({ length: rig.layout.segments }, (_, segment) => stateOf(a.view, segment));
  t.equal(left.filter((state) => state === CLAIMED).length, 0);
  t.strictSame(rig.errors(), []);
});

t.test('with maxKeys, a death takes no place away for good', async (t) => {
  t.test('in the middle of a deletion', async (t) => {
    for (let stop = 1, died = true; died; stop++) {
      const rig = new Rig({ maxMemory: 64 * KIB, maxKeys: 1 });
      const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
      a.set('k', small('k'));
      died = false;
      try {
        stepping(
          () => a.delete('k'),
          (access) => {
            if (access !== stop) return;
            died = true;
            throw new Error('dies here');
          },
        );
      } catch (error) {
        if (!died) throw error;
        rig.setIdentity(1, DEAD);
      }
      stepping(
        () => b.set('new', small('new')),
        () => {},
      );
      t.ok(b.get('new'), `died at access ${stop}`);
      t.equal(b.get('k'), undefined);
    }
  });

  t.test('in the middle of emptying the segment that has all keys', async (t) => {
    const rig = new Rig({ maxMemory: 64 * KIB, maxKeys: 2 });
    const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
    // So that it has an open segment, and no need to look for another one.
    b.set('own', small('own'));
    b.delete('own');
    a.set('k', small('k'));
    a.set('l', small('l'));
    const row = a.view.segmentRow(a.view.segmentOf(find(a.view, a.load('k'))));
    a.view.words[row + SEGMENT_STATE] = CLAIMED | (1 << OWNER_SHIFT);
    rig.setIdentity(1, DEAD);
    stepping(
      () => b.set('new', small('new')),
      () => {},
    );
    t.ok(b.get('new'));
    t.equal(['k', 'l'].filter((key) => b.get(key) !== undefined).length, 1);
    recoverFromDead(b.view);
    t.strictSame(rig.errors(), []);
  });
});

/** Runs `act` with `meanwhile` called once, while it asks the system whether a thread lives. */
function whileAskingForOwner<T>(act: () => T, meanwhile: () => void): T {
  const { readFileSync } = fs;
  let done = false;
  fs.readFileSync = ((...args: Parameters<typeof readFileSync>) => {
    if (!done) {
      done = true;
      meanwhile();
    }
    return readFileSync(...args);
  }) as typeof readFileSync;
  syncBuiltinESMExports();
  try {
    return act();
  } finally {
    fs.readFileSync = readFileSync;
    syncBuiltinESMExports();
  }
}

t.test('who took over a dead thread’s slot meanwhile keeps its pins and segments', async (t) => {
  t.test('a pin on the same segment', async (t) => {
    const rig = furnished();
    const [a] = [new Side(rig, 1), new Side(rig, 2)];
    const pin = a.view.pinFor(a.view.segmentStart(5));
    rig.control[new Side(rig, 3).view.thread.readPin] = pin;
    rig.setIdentity(3, DEAD);
    whileAskingForOwner(
      () => recoverDeadThreads(a.view.thread, rig.layout.threadSlots),
      () => new Side(rig, 3).view.thread.pinForRead(pin),
    );
    t.equal(isPinned(rig.control, rig.layout.threadSlots, pin), true);
  });

  t.test('the same segment, claimed once more', async (t) => {
    const rig = furnished();
    const a = new Side(rig, 1);
    rig.setIdentity(3, DEAD);
    const word = a.view.segmentRow(0) + SEGMENT_STATE;
    a.view.words[word] = CLAIMED | (3 << OWNER_SHIFT);
    const claimed = whileAskingForOwner(
      () => claimFromDead(a.view, 0),
      () => {
        const heir = new Side(rig, 3);
        heir.shard.takeOver(3);
        claim(heir.view, 0, IN_USE);
      },
    );
    t.equal(claimed, false);
    t.equal(a.view.words[word], CLAIMED | (3 << OWNER_SHIFT));
  });
});

t.test('a key that is moved again and again while it is looked for is found', async (t) => {
  const looks: readonly Operation[] = [
    {
      name: 'get',
      act: (side, flaws) => {
        const value = side.get('small1');
        if (value === undefined) flaws.push('small1 was not found');
        check('small1', value, flaws);
      },
    },
    { name: 'set', act: (side) => side.set('small1', small('small1', 2)) },
    {
      name: 'delete',
      act: (side, flaws) => {
        if (!side.delete('small1')) flaws.push('small1 was not deleted');
      },
    },
  ];
  for (const { name, act } of looks) {
    for (let most = 1; most <= 8; most++) {
      const rig = furnished();
      const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
      const flaws: string[] = [];
      stepping(
        () => act(a, flaws),
        (access) => {
          if (access > most || isLocked(a)) return;
          moveAll(b);
        },
      );
      flaws.push(...rig.errors());
      t.strictSame(flaws, [], `${name}, moved at each of the first ${most} accesses`);
    }
  }
});

// ---- every pair of operations, every instant --------------------------------------------------------------------

interface Operation {
  readonly name: string;
  act(side: Side, flaws: string[]): void;
}

function check(key: string, value: Uint8Array | undefined, flaws: string[]): void {
  const flaw = value === undefined ? undefined : flawIn(key, value);
  if (flaw !== undefined) flaws.push(flaw);
}

const READS: readonly Operation[] = [
  { name: 'get a small value', act: (side, flaws) => check('small1', side.get('small1'), flaws) },
  { name: 'get a large value', act: (side, flaws) => check('large1', side.get('large1'), flaws) },
];
const WRITES: readonly Operation[] = [
  { name: 'overwrite a small value', act: (side) => side.set('small1', small('small1', 2)) },
  { name: 'overwrite a large value', act: (side) => side.set('large1', large('large1', 2)) },
  { name: 'make a large value small', act: (side) => side.set('large1', small('large1', 3)) },
  { name: 'delete a small value', act: (side) => side.delete('small1') },
  { name: 'delete a large value', act: (side) => side.delete('large1') },
  { name: 'set a new key', act: (side) => side.set('new', small('new')) },
  { name: 'set a new large value', act: (side) => side.set('new', large('new', 4)) },
  { name: 'hide a small value', act: (side) => side.hide('small1', small('small1', 5)) },
  { name: 'hide a large value, and show it again', act: hideAndShow },
  { name: 'bring a hidden entry in', act: (side) => side.hide('new', small('new', 6)) },
];
function hideAndShow(side: Side): void {
  side.hide('large1', small('large1', 5));
  side.set('large1', large('large1', 6));
}

/** Enough of it to empty every segment, or to move what is in it. */
const CHURNS: readonly Operation[] = [
  { name: 'write more than fits', act: churn },
  {
    name: 'overwrite until all is moved',
    act: moveAll,
  },
];

function isLocked({ view }: Side): boolean {
  for (let i = 0; i < view.buckets; i++) {
    if (view.words[view.indexStart + i * BUCKET_WORDS + BUCKET_VERSION] & 0xff) return true;
  }
  return false;
}

const KEYS = ['small0', 'small1', 'small7', 'large0', 'large1', 'large2', 'new', 'mover', 'churn299'];

/** The numbers of the accesses to stop at: all, or a random choice of so many of them. */
function stops(accesses: number, most: number, random: Random): number[] {
  if (accesses <= most) return Array.from({ length: accesses }, (_, i) => i + 1);
  return Array.from({ length: most }, () => 1 + random.below(accesses));
}

function accessesOf(base: Rig, operation: Operation): number {
  let accesses = 0;
  const side = new Side(base.copy(), 1);
  stepping(
    () => operation.act(side, []),
    (access) => {
      accesses = access;
    },
  );
  return accesses;
}

// Not with a single place: who brings a key in then rightly waits for the one that has it.
for (const maxKeys of [0, 12]) {
  t.test(`each operation in the middle of each other, maxKeys ${maxKeys}`, async (t) => {
    const random = new Random(SEED);
    const base = furnished(maxKeys);
    for (const outer of [...READS, ...WRITES, ...CHURNS]) {
      const accesses = accessesOf(base, outer);
      for (const inner of [...WRITES, ...CHURNS]) {
        const flaws: string[] = [];
        for (const stop of stops(accesses, times(30), random)) {
          const rig = base.copy();
          const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
          try {
            stepping(
              () => outer.act(a, flaws),
              (access) => {
                // In one thread, nobody can wait for a bucket's lock.
                if (access === stop && !isLocked(a)) inner.act(b, flaws);
              },
            );
            for (const key of KEYS) check(key, b.get(key), flaws);
            for (const key of KEYS) check(key, a.get(key), flaws);
            // Whoever came last: a key was overwritten or evicted, but what was not touched is there.
            if (!CHURNS.includes(outer) && !CHURNS.includes(inner) && maxKeys === 0) {
              for (const key of ['small0', 'small7', 'large0', 'large2']) {
                if (a.get(key) === undefined) flaws.push(`${key} was lost`);
              }
            }
            flaws.push(...rig.errors());
          } catch (error) {
            flaws.push(String(error));
          }
          if (flaws.length > 0) flaws.push(`at access ${stop} of ${accesses}`);
          if (flaws.length > 3) break;
        }
        t.strictSame(flaws, [], seeded(`in the middle of "${outer.name}": ${inner.name}`));
      }
    }
  });
}

for (const maxKeys of [0, 12, 1]) {
  t.test(`a death at each access of each operation, maxKeys ${maxKeys}`, async (t) => {
    const random = new Random(SEED);
    const base = furnished(maxKeys);
    let drifts = 0;
    let deaths = 0;
    for (const operation of [...READS, ...WRITES, ...CHURNS]) {
      const accesses = accessesOf(base, operation);
      const flaws: string[] = [];
      for (const stop of stops(accesses, times(50), random)) {
        const rig = base.copy();
        const [a, b] = [new Side(rig, 1), new Side(rig, 2)];
        let died = false;
        try {
          stepping(
            () => operation.act(a, flaws),
            (access) => {
              if (access !== stop) return;
              died = true;
              throw new Error('dies here');
            },
          );
        } catch (error) {
          if (!died) flaws.push(String(error));
        }
        rig.setIdentity(1, DEAD);
        deaths++;
        try {
          stepping(
            () => {
              for (const key of KEYS) check(key, b.get(key), flaws);
              for (const key of KEYS) {
                if (!b.set(key, small(key, 9))) flaws.push(`${key} was refused`);
                check(key, b.get(key), flaws);
              }
              churn(b);
              for (const key of KEYS) b.delete(key);
              // The next thread gets the dead one's id.
              const heir = new Side(rig, 1);
              heir.shard.takeOver(1);
              churn(heir);
            },
            () => {},
          );
        } catch (error) {
          flaws.push(error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error));
        }
        const errors = rig.errors();
        const others = errors.filter((error) => !/are (reachable|hidden), -?\d+ are counted/.test(error));
        drifts += errors.length - others.length;
        flaws.push(...others);
        if (flaws.length > 0) flaws.push(`died at access ${stop} of ${accesses}`);
        if (flaws.length > 3) break;
      }
      t.strictSame(flaws, [], seeded(`died in the middle of "${operation.name}"`));
    }
    t.comment(`${drifts} of ${deaths} deaths left a number of entries one off`);
  });
}
