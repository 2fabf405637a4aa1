/**
 * The index: finding, publishing and unpublishing the location of an entry in a bucket and its overflow buckets.
 *
 * A key belongs to one bucket, and its slot there never changes while it is reachable: an entry that is replaced
 * by a newer one, moved by the recycler or removed has its location exchanged in place, by one compare-and-swap
 * (`replace`). The old location is pinned, or lies in a segment that the caller has claimed, so it can't come back
 * as that of another entry in between. A reader that looks at all slots in turn can therefore miss a key only if
 * at some instant of its look the key was not there.
 *
 * Only who brings a new key in needs more: that nobody else brings in the same key at the same time, in another
 * slot. It locks the version word by exchanging the version under which it found the key absent for the same with
 * its thread id in it. If the exchange succeeds no key has come since, and the lock covers only the stores that
 * bring this one:
 *
 * LOCK L1: a bucket's version word. A leaf: two or three stores of words, no call, no loop, no allocation inside.
 *   JavaScript is terminated at calls and loops only, so in practice nobody dies in there. Every store alone
 *   leaves the bucket right, so whoever finds the word locked by a dead thread just unlocks it.
 *
 * A version has 24 bits: a writer that slept between look and lock through exactly a multiple of 16,777,216
 * insertions into this one bucket would not notice them.
 */

import { keyLengthOf, keyStart, kindOf } from './entry.js';
import { isGhost, isOlderGhost } from './ghost.js';
import type { KeyBuffer } from './key-buffer.js';
import {
  BUCKET_OVERFLOW,
  BUCKET_SLOTS,
  BUCKET_TAGS,
  BUCKET_VERSION,
  BUCKET_WORDS,
  SLOTS_PER_BUCKET,
} from './layout.js';
import { mayBeGone } from './owner.js';
import { pause } from './pause.js';
import type { ShardView } from './shard-view.js';
import { identityOfSlot } from './thread-slot.js';

const OWNER_MASK = 0xff;
const ONE_INSERTION = 0x100;

/** Looks at a locked version word before the waiting thread gives way to others. */
const SPINS = 200;
/** Milliseconds between two looks after that. */
const WAIT_INTERVAL = 1;
/** Milliseconds after which a waiting thread asks whether the owner lives. A live one needs nanoseconds. */
const OWNER_CHECK_AFTER = 2;

/** What a look at all slots of a key's bucket saw. One per shard and thread, overwritten by each `look`. */
export class Finding {
  /** Word index of the key's bucket. */
  bucket = 0;
  /** The key's location, pinned; 0 when it is absent. */
  location = 0;
  /** Word index of the slot that holds it; of no meaning when the key is absent. */
  slot = 0;
  /** The version under which the key was absent; this and what follows has no meaning when the key was found. */
  version = 0;
  /** Word index of a slot that the key may take: its ghost's, an empty one, or that of another ghost; 0 = none. */
  vacant = 0;
  /** The key's ghost in that slot; 0 when it has none. */
  ghost = 0;
  /** Word index of the last bucket of the chain. */
  last = 0;
}

/** Word index of the bucket that a hash belongs to. */
export function bucketOf(view: ShardView, hash: number): number {
  // Multiplied, so that the buckets of one shard are evenly used although the same high bits chose the shard.
  const spread = Math.imul(hash, 0x9e3779b1) >>> 0;
  return view.indexStart + ((spread * view.bucketsPerHash) | 0) * BUCKET_WORDS;
}

/**
 * The location of the key's entry, its segment pinned by the read pin; 0 when it is absent, whatever the pin.
 * Waits for nobody.
 *
 * Tags, overflow links and the first look into a slot are plain loads: an atomic one is a call to the engine's
 * built-in, and ten of them would be most of a read's cost. A hit needs no more, since what it finds is checked by atomic ones.
 * A miss might be due to a tag that this thread still sees as it was:
 *
 * ORDER O7: tag and overflow link (stores), then the version (atomic store), by who brings a key in. Pairs with
 *   the atomic load of the version here: a look after it sees every key that came before that version.
 */
export function find(view: ShardView, key: KeyBuffer): number {
  const home = bucketOf(view, key.hash);
  const location = scan(view, home, key);
  return location === 0 ? findNewest(view, home, key) : location;
}

/** A function of its own, so that the engine compiles a hit into one piece. */
function findNewest(view: ShardView, home: number, key: KeyBuffer): number {
  Atomics.load(view.words, home + BUCKET_VERSION);
  return scan(view, home, key);
}

function scan(view: ShardView, home: number, key: KeyBuffer): number {
  const { words } = view;
  const tag = key.hash & 0xffff;
  let bucket = home;
  do {
    for (let matches = matchTags(words, bucket, tag); matches !== 0; matches &= matches - 1) {
      const location = keyInSlot(view, firstMatch(bucket, matches), key);
      if (location !== 0) return location;
    }
    bucket = words[bucket + BUCKET_OVERFLOW];
  } while (bucket !== 0);
  return 0;
}

/**
 * The slots of a bucket with a tag, a bit each, for `firstMatch`; slots that are empty, or keep a ghost, may be among
 * them. Bits 0 to 15 are the even slots, in the low halves of their words, and bits 16 to 31 the odd ones.
 *
 * Without a branch per slot: which slot matches can't be predicted, and each wrong guess would have to wait for the
 * bucket to come from memory before the processor can go on to the next key.
 */
export function matchTags(words: Int32Array, bucket: number, tag: number): number {
  const pair = tag | (tag << 16);
  const at = bucket + BUCKET_TAGS;
  return (
    (zeroHalves(words[at] ^ pair) |
      (zeroHalves(words[at + 1] ^ pair) << 1) |
      (zeroHalves(words[at + 2] ^ pair) << 2) |
      (zeroHalves(words[at + 3] ^ pair) << 3) |
      (zeroHalves(words[at + 4] ^ pair) << 4)) &
    SLOT_BITS
  );
}

/** The last word of tags has one tag only. */
const SLOT_BITS = 0x000f001f;

/** Bit 0 for a low half that is 0, bit 16 for a high one (Henry S. Warren, "Hacker's Delight", section 6-1). */
function zeroHalves(word: number): number {
  return (~(((word & 0x7fff7fff) + 0x7fff7fff) | word) >>> 15) & 0x00010001;
}

/** Word index of the first slot that matches. */
export function firstMatch(bucket: number, matches: number): number {
  return bucket + BUCKET_SLOTS + slotOfBit(31 - Math.clz32(matches & -matches));
}

function slotOfBit(bit: number): number {
  return ((bit & 15) << 1) | (bit >>> 4);
}

/** Whether a slot, 0 to 8, is among those that match. */
export function isMatch(matches: number, slot: number): boolean {
  return ((matches >>> ((slot >>> 1) | ((slot & 1) << 4))) & 1) !== 0;
}

/**
 * The location in a slot, pinned, if it is that of the key's entry; otherwise 0.
 *
 * It goes round again only when the location changed after it was loaded: somebody else made progress.
 */
function keyInSlot(view: ShardView, slot: number, key: KeyBuffer): number {
  const { words, thread } = view;
  let location = words[slot];
  while (location > 0) {
    thread.pinForRead(view.pinFor(location));
    // ORDER O1, see thread-slot.ts: what is in the slot after the pin stays as it is until the next pin.
    // ORDER O4: the entry's plain stores happen before its slot's store (O5), which this load has read.
    const again = Atomics.load(words, slot);
    if (again === location) {
      if (!keyIs(view, location, key)) return 0;
      view.foundSlot = slot;
      return location;
    }
    location = again;
  }
  return 0;
}

/**
 * The same for a writer: remembers where the key was found, or else an empty slot and the version under which the
 * key was absent. A bucket that is locked is waited for, unless the key is found.
 */
export function look(view: ShardView, key: KeyBuffer, finding: Finding): void {
  const home = bucketOf(view, key.hash);
  finding.bucket = home;
  finding.location = scan(view, home, key);
  if (finding.location === 0) {
    // ORDER O7: what comes after this load sees every key that came before the version.
    finding.version = unlockedVersion(view, home);
    finding.location = scan(view, home, key);
    if (finding.location === 0) lookForVacancy(view, key.hash & 0xffff, finding);
  }
  finding.slot = view.foundSlot;
}

/**
 * Plain loads: only who holds the bucket's lock turns a slot that is empty or keeps a ghost into another one, and
 * who takes the lock with this version has seen every such change.
 */
function lookForVacancy(view: ShardView, tag: number, finding: Finding): void {
  const { words } = view;
  finding.vacant = 0;
  finding.ghost = 0;
  let bucket = finding.bucket;
  let empty = 0;
  let oldest = 0;
  do {
    const matches = matchTags(words, bucket, tag);
    for (let i = 0; i < SLOTS_PER_BUCKET; i++) {
      const slot = bucket + BUCKET_SLOTS + i;
      const word = words[slot];
      if (word === 0) {
        if (empty === 0) empty = slot;
      } else if (isGhost(word)) {
        if (isMatch(matches, i)) {
          finding.vacant = slot;
          finding.ghost = word;
        }
        if (oldest === 0 || isOlderGhost(word, words[oldest])) oldest = slot;
      }
    }
    finding.last = bucket;
    bucket = words[bucket + BUCKET_OVERFLOW];
  } while (bucket !== 0);
  if (finding.vacant === 0) finding.vacant = empty === 0 ? oldest : empty;
}

/** The slot that holds a location, looked for by hash alone; 0 when none does. */
export function slotOf(view: ShardView, hash: number, location: number): number {
  const { words } = view;
  let bucket = bucketOf(view, hash);
  do {
    for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
      if (Atomics.load(words, slot) === location) return slot;
    }
    bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW);
  } while (bucket !== 0);
  return 0;
}

/** The location in a slot, its segment pinned by the walk pin; 0 when there is none. */
export function pinSlot(view: ShardView, slot: number): number {
  const { words, thread } = view;
  for (;;) {
    const location = Atomics.load(words, slot);
    if (location <= 0) return 0;
    Atomics.store(thread.control, thread.walkPin, view.pinFor(location));
    // ORDER O1, see thread-slot.ts.
    if (Atomics.load(words, slot) === location) return location;
  }
}

/**
 * Exchanges a key's location for that of another entry of the same key, or for 0 or a ghost, which removes it. False
 * when the slot holds another location by now.
 *
 * ORDER O5: entry (plain stores), then its slot (atomic exchange). Pairs with O4.
 */
export function replace(view: ShardView, slot: number, location: number, by: number): boolean {
  return Atomics.compareExchange(view.words, slot, location, by) === location;
}

/**
 * Brings a new key in, if none has come since `finding` found it absent.
 *
 * ORDER O5, as in `replace`. CRASH K1: dying after the exchange leaves the word locked; before the location's
 * store with nothing done, after it with everything done. The next one to need the lock takes it off.
 */
export function insert(view: ShardView, finding: Finding, tag: number, location: number): boolean {
  const { words } = view;
  const { bucket, version, vacant } = finding;
  const tagAt = tagWord(vacant);
  const shift = tagShift(vacant);
  const locked = version | view.thread.id;
  if (Atomics.compareExchange(words, bucket + BUCKET_VERSION, version, locked) !== version) return false;
  Atomics.store(words, tagAt, (words[tagAt] & (0xffff0000 >>> shift)) | (tag << shift));
  Atomics.store(words, vacant, location);
  Atomics.store(words, bucket + BUCKET_VERSION, (version + ONE_INSERTION) | 0);
  return true;
}

/**
 * Chains an empty overflow bucket to the last one, if no key has come since `finding` was made.
 *
 * ORDER O8: the bucket's zeros (plain stores), then the link to it (atomic store). Pairs with O7, and in `scan` with
 *   a plain load of the link: what is read through it depends on it by address, which processors keep in order.
 */
export function chain(view: ShardView, finding: Finding, overflow: number): boolean {
  const { words } = view;
  const { bucket, version, last } = finding;
  const locked = version | view.thread.id;
  if (Atomics.compareExchange(words, bucket + BUCKET_VERSION, version, locked) !== version) return false;
  Atomics.store(words, last + BUCKET_OVERFLOW, overflow);
  Atomics.store(words, bucket + BUCKET_VERSION, (version + ONE_INSERTION) | 0);
  return true;
}

/** Unlocks the bucket that a dead thread may have left locked, before its id goes to this one. */
export function unlockAll(view: ShardView, id: number): void {
  for (let i = 0; i < view.buckets; i++) {
    const bucket = view.indexStart + i * BUCKET_WORDS;
    const version = Atomics.load(view.words, bucket + BUCKET_VERSION);
    if ((version & OWNER_MASK) === id) unlock(view, bucket, version);
  }
}

function unlock(view: ShardView, bucket: number, locked: number): void {
  const unlocked = ((locked & ~OWNER_MASK) + ONE_INSERTION) | 0;
  Atomics.compareExchange(view.words, bucket + BUCKET_VERSION, locked, unlocked);
}

/** The version of a bucket that nobody is writing to. Waits for the writer; a dead one's lock is taken off. */
function unlockedVersion(view: ShardView, bucket: number): number {
  const { words } = view;
  for (let i = 0; i < SPINS; i++) {
    const version = Atomics.load(words, bucket + BUCKET_VERSION);
    if ((version & OWNER_MASK) === 0) return version;
  }
  return waitForVersion(view, bucket);
}

function waitForVersion(view: ShardView, bucket: number): number {
  const { words, thread } = view;
  let seen = Atomics.load(words, bucket + BUCKET_VERSION);
  let since = performance.now();
  for (;;) {
    if ((seen & OWNER_MASK) === 0) return seen;
    // The owner may be waiting for the processor that this thread has.
    pause(WAIT_INTERVAL);
    const version = Atomics.load(words, bucket + BUCKET_VERSION);
    if (version !== seen) {
      seen = version;
      since = performance.now();
      continue;
    }
    const heldFor = performance.now() - since;
    if (heldFor < OWNER_CHECK_AFTER) continue;
    const owner = identityOfSlot(thread.control, seen & OWNER_MASK);
    if (mayBeGone(owner, heldFor)) unlock(view, bucket, seen);
  }
}

function keyIs(view: ShardView, location: number, key: KeyBuffer): boolean {
  const { words } = view;
  const kind = kindOf(view, location);
  const { length } = key;
  if (keyLengthOf(kind) !== length) return false;
  const at = keyStart(location, kind);
  const keyWords = key.words;
  const count = (length + 3) >>> 2;
  for (let i = 0; i < count; i++) {
    if (words[at + i] !== keyWords[i]) return false;
  }
  return true;
}

/** Entries that can be reached, hidden ones too: counted one by one. */
export function countEntries(view: ShardView): number {
  const { words } = view;
  let entries = 0;
  for (let i = 0; i < view.buckets; i++) {
    let bucket = view.indexStart + i * BUCKET_WORDS;
    do {
      for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
        if (Atomics.load(words, slot) > 0) entries++;
      }
      bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW);
    } while (bucket !== 0);
  }
  return entries;
}

/** Word index of a slot's tag. Buckets begin on multiples of 16 words. */
function tagWord(slot: number): number {
  const bucket = slot & ~(BUCKET_WORDS - 1);
  return bucket + BUCKET_TAGS + ((slot - bucket - BUCKET_SLOTS) >>> 1);
}

/** Bits by which a slot's tag is shifted in its word: even slots have the low half. */
function tagShift(slot: number): number {
  return ((slot - BUCKET_SLOTS) & 1) << 4;
}
