/**
 * Saves what is in the shards to a snapshot file, while other threads go on reading and writing.
 *
 * First the index is gone over once: which slots hold a key, and when it was used last. Then the slots are visited in
 * the order of that, least recently used first, and what each holds by then is copied under a pin. A key that is
 * there from beginning to end stands in the file exactly once, since keys never change their slot. One that comes or
 * goes meanwhile may be missing, or stand there twice if it went and came again: then the later one counts.
 */
import { pinSlot } from './bucket.js';
import {
  expiryOf,
  isHidden,
  keyLengthOf,
  keyStart,
  kindOf,
  stampOf,
  valueLengthOf,
  valueStart,
} from './entry.js';

import type { HashSecrets } from './hash.js';
import { bytesOfWords, KeyBuffer } from './key-buffer.js';
import {
  BUCKET_OVERFLOW,
  BUCKET_SLOTS,
  BUCKET_VERSION,
  BUCKET_WORDS,
  CONTROL_TICK,
  FLAG_BASELINE,
  FLAG_EXPIRES,
  FLAG_FRAGMENTED,
  TICK_MASK,
} from './layout.js';
import type { Shard } from './shard.js';
import type { ShardView } from './shard-view.js';
import {
  ENTRY_BASELINE,
  ENTRY_EXPIRES,
  ENTRY_HEAD_WORDS,
  EXPIRY_WORDS,
  wordsFor,
} from './snapshot-format.js';
import { SnapshotWriter } from './snapshot-writer.js';
import { ageOfStamp } from './stamp.js';
import { entriesIn } from './statistics.js';

/** Buckets gone over in one step: some milliseconds. */
const BUCKETS_PER_STEP = 32 * 1024;
/** Entries that are brought from memory at once. */
const ENTRIES_AHEAD = 64;
/** Ages are told apart up to this. */
const AGES = TICK_MASK + 1;

/**
 * Saves all values that have not expired, in steps of some milliseconds, without their labels. To end it early leaves
 * the old file as it is, and nothing else.
 *
 * @param grace milliseconds by which an expiry in the file is earlier than in the cache: what is past that is left out
 * @returns number of entries in the file
 * @throws {SnapshotError} when `path` is something that is no file
 * @throws the system error when it can't be written; the old file stays
 */
export function* writeSnapshot(
  shards: readonly Shard[],
  secrets: HashSecrets,
  path: string,
  grace: number,
): Generator<void, number, void> {
  const writer = new SnapshotWriter(path);
  try {
    const census = new Census(entriesIn(shards));
    for (const { view } of shards) {
      for (let bucket = 0; bucket < view.buckets; bucket += BUCKETS_PER_STEP) {
        takeCensus(view, bucket, Math.min(view.buckets, bucket + BUCKETS_PER_STEP), census);
        yield;
      }
    }
    const copier = new Copier(shards, secrets, census, writer, grace);
    while (copier.fillBlock()) {
      writer.writeBlock();
      yield;
    }
    writer.finish();
    // Who waits for a moment to end the program has it here once more, while the old file is still the one.
    yield;
    writer.publish();
    return writer.entries;
  } finally {
    writer.discard();
  }
}

/** Slots that hold a key, with the age of what they held. */
class Census {
  slots: Uint32Array<ArrayBuffer>;
  shards: Uint16Array<ArrayBuffer>;
  /** In ticks. */
  #ages: Uint16Array<ArrayBuffer>;
  #length = 0;

  /** @param expected how many there will be, about */
  constructor(expected: number) {
    const room = expected + 1024;
    this.slots = new Uint32Array(room);
    this.shards = new Uint16Array(room);
    this.#ages = new Uint16Array(room);
  }

  add(shard: number, slot: number, age: number): void {
    if (this.#length === this.slots.length) this.#grow();
    const at = this.#length++;
    this.slots[at] = slot;
    this.shards[at] = shard;
    this.#ages[at] = age;
  }

  /** Places of all slots, those with the oldest entries first. A counting sort. */
  byLastUse(): Uint32Array<ArrayBuffer> {
    const length = this.#length;
    const ages = this.#ages;
    const starts = new Uint32Array(AGES + 1);
    for (let i = 0; i < length; i++) starts[AGES - (ages[i] as number)]++;
    for (let i = 1; i <= AGES; i++) starts[i] += starts[i - 1] as number;
    const order = new Uint32Array(length);
    for (let i = 0; i < length; i++) {
      const younger = AGES - (ages[i] as number) - 1;
      order[starts[younger] as number] = i;
      starts[younger]++;
    }
    return order;
  }

  #grow(): void {
    const room = Math.ceil(this.slots.length * 1.5);
    this.slots = grown(this.slots, new Uint32Array(room));
    this.shards = grown(this.shards, new Uint16Array(room));
    this.#ages = grown(this.#ages, new Uint16Array(room));
  }
}

function grown<Numbers extends Uint32Array | Uint16Array>(old: Numbers, larger: Numbers): Numbers {
  larger.set(old);
  return larger;
}

/** Adds the slots in use of some buckets, and of their overflow buckets. */
function takeCensus(view: ShardView, from: number, to: number, census: Census): void {
  const { words, shard } = view;
  const { control } = view.thread;
  for (let i = from; i < to; i++) {
    const home = view.indexStart + i * BUCKET_WORDS;
    // ORDER O7, see bucket.ts: the plain loads below see every key that came before this version.
    Atomics.load(words, home + BUCKET_VERSION);
    for (let bucket = home; bucket !== 0; bucket = words[bucket + BUCKET_OVERFLOW] as number) {
      for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
        const location = words[slot] as number;
        // Not pinned: an age that is wrong because the entry has gone meanwhile puts another one in a wrong order.
        // And the tick after the stamp: an entry that was used since the tick would look as old as can be.
        if (location > 0) census.add(shard, slot, ageOfStamp(stampOf(view, location), control[CONTROL_TICK]));
      }
    }
  }
}

/** Copies the entries of a census from the shards to the file. */
class Copier {
  readonly #shards: readonly Shard[];
  readonly #key: KeyBuffer;
  readonly #census: Census;
  readonly #writer: SnapshotWriter;
  readonly #order: Uint32Array;
  readonly #grace: number;
  #next = 0;
  /** So that the reads have a use, and are done. */
  touched = 0;

  constructor(
    shards: readonly Shard[],
    secrets: HashSecrets,
    census: Census,
    writer: SnapshotWriter,
    grace: number,
  ) {
    this.#shards = shards;
    this.#key = new KeyBuffer(secrets);
    this.#census = census;
    this.#writer = writer;
    this.#order = census.byLastUse();
    this.#grace = grace;
  }

  /** Copies until the block is full. False when that was all. Nothing is pinned afterwards. */
  fillBlock(): boolean {
    const { slots, shards } = this.#census;
    const order = this.#order;
    while (this.#next < order.length && !this.#writer.isFull) {
      if (this.#next % ENTRIES_AHEAD === 0)
        this.#touch(order.subarray(this.#next, this.#next + ENTRIES_AHEAD));
      const place = order[this.#next++] as number;
      this.#copySlot(this.#shards[shards[place] as number] as Shard, slots[place] as number);
    }
    this.#shards[0]?.view.thread.unpinWalk();
    return this.#next < order.length;
  }

  /**
   * Reads a word of each entry, and throws it away: a pin is a fence to the processor, so entries that come from
   * memory under their pins come one after the other, and these all at once.
   */
  #touch(places: Uint32Array): void {
    const { slots, shards } = this.#census;
    let sum = 0;
    for (const place of places) {
      const { words } = (this.#shards[shards[place] as number] as Shard).view;
      sum ^= words[words[slots[place] as number] as number] as number;
    }
    this.touched ^= sum;
  }

  #copySlot(shard: Shard, slot: number): void {
    const { view } = shard;
    // Another round only when another thread changed the entry in between.
    for (;;) {
      const location = pinSlot(view, slot);
      if (location === 0) return;
      const kind = kindOf(view, location);
      if (!this.#isSaved(view, location, kind)) return;
      if (!(kind & FLAG_FRAGMENTED)) {
        const length = valueLengthOf(view, location);
        const at = this.#head(view, location, kind, length);
        copyWords(view.words, valueStart(location, kind), length, this.#writer.words, at);
        return;
      }
      if (this.#copyFragmented(shard, location, kind)) return;
    }
  }

  #isSaved(view: ShardView, location: number, kind: number): boolean {
    if (isHidden(view, location, kind)) return false;
    return !(kind & FLAG_EXPIRES) || this.#expiryInFile(view, location, kind) > Date.now();
  }

  #expiryInFile(view: ShardView, location: number, kind: number): number {
    return expiryOf(view, location, kind) - this.#grace;
  }

  /** False when the entry was replaced or moved meanwhile. */
  #copyFragmented(shard: Shard, location: number, kind: number): boolean {
    const { view } = shard;
    const length = keyLengthOf(kind);
    this.#key.loadRange(bytesOfWords(view.words, keyStart(location, kind), length), 0, length);
    const entry = shard.peek(this.#key);
    // Its segment is pinned: at the same location it is the same entry.
    if (entry?.location !== location) return false;
    const at = this.#head(view, location, kind, entry.value.length);
    this.#writer.copyTo(at, entry.value);
    return true;
  }

  /** Writes everything of a pinned entry but its value. Returns where that goes; the last word of it is zero. */
  #head(view: ShardView, location: number, kind: number, valueLength: number): number {
    const keyLength = keyLengthOf(kind);
    const keyWords = wordsFor(keyLength);
    const valueWords = wordsFor(valueLength);
    const expires = (kind & FLAG_EXPIRES) !== 0;
    const head = ENTRY_HEAD_WORDS + (expires ? EXPIRY_WORDS : 0);
    let at = this.#writer.reserve(head + keyWords + valueWords);
    const { words } = this.#writer;
    const flags = (expires ? ENTRY_EXPIRES : 0) | (kind & FLAG_BASELINE ? ENTRY_BASELINE : 0);
    words[at++] = valueLength;
    words[at++] = keyLength | (flags << 16);
    if (expires) {
      const expiry = this.#expiryInFile(view, location, kind);
      words[at++] = expiry % 2 ** 32;
      words[at++] = Math.floor(expiry / 2 ** 32);
    }
    copyWords(view.words, keyStart(location, kind), keyLength, words, at);
    at += keyWords;
    if (valueWords > 0) words[at + valueWords - 1] = 0;
    return at;
  }
}

/** Bytes up to which a loop is cheaper than a call to the built-in copy. */
const LOOP_COPY_BYTES = 256;

/** Copies bytes that begin on a word to words, the last one filled up with zeros. */
function copyWords(from: Int32Array, at: number, bytes: number, to: Int32Array, start: number): void {
  const whole = bytes >>> 2;
  if (bytes > LOOP_COPY_BYTES) to.set(from.subarray(at, at + whole), start);
  else for (let i = 0; i < whole; i++) to[start + i] = from[at + i] as number;
  const rest = bytes & 3;
  // What lies behind the last byte in the log is anybody's.
  if (rest > 0) to[start + whole] = (from[at + whole] as number) & ((1 << (rest << 3)) - 1);
}
