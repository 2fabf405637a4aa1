/** Goes over all entries of a shard by way of its index: listing the keys of values, and removing everything. */
import { pinSlot } from './bucket.js';
import { isValue, keyLengthOf, keyStart, kindOf } from './entry.js';
import { bytesOfWords } from './key-buffer.js';
import { BUCKET_OVERFLOW, BUCKET_SLOTS, BUCKET_WORDS } from './layout.js';
import type { Shard } from './shard.js';
import type { ShardView } from './shard-view.js';

/**
 * The keys of a shard, bucket by bucket. A key that is there from beginning to end comes exactly once, since keys
 * never change their bucket; one that comes or goes meanwhile may or may not. Nothing is pinned between two steps.
 */
export function* keysOf(view: ShardView): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  for (let i = 0; i < view.buckets; i++) yield* keysOfBucket(view, view.indexStart + i * BUCKET_WORDS);
}

/**
 * Whether a bucket, or one that is chained to it, has an entry; it may be hidden or have expired. Who goes over the whole
 * index asks this of every bucket: slots are read plainly, which takes a tenth of the time of atomic loads.
 */
export function hasEntry(view: ShardView, home: number): boolean {
  const { words } = view;
  for (let bucket = home; bucket !== 0; bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW)) {
    for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
      if (words[slot] > 0) return true;
    }
  }
  return false;
}

/** The keys of a bucket and those chained to it that have a value. */
export function keysOfBucket(view: ShardView, home: number): Uint8Array<ArrayBuffer>[] {
  const { words } = view;
  const keys: Uint8Array<ArrayBuffer>[] = [];
  for (let bucket = home; bucket !== 0; bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW)) {
    for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
      const key = keyInSlot(view, slot);
      if (key !== undefined) keys.push(key);
    }
  }
  return keys;
}

function keyInSlot(view: ShardView, slot: number): Uint8Array<ArrayBuffer> | undefined {
  const location = pinSlot(view, slot);
  let key: Uint8Array<ArrayBuffer> | undefined;
  if (location !== 0) {
    const kind = kindOf(view, location);
    if (isValue(view, location, kind)) {
      key = bytesOfWords(view.words, keyStart(location, kind), keyLengthOf(kind));
    }
  }
  view.thread.unpinWalk();
  return key;
}

/** Removes every entry that is there at the beginning. */
export function clearShard(shard: Shard): void {
  const { view } = shard;
  const { words } = view;
  for (let i = 0; i < view.buckets; i++) {
    const home = view.indexStart + i * BUCKET_WORDS;
    for (let bucket = home; bucket !== 0; bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW)) {
      for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
        removeFromSlot(shard, slot);
      }
    }
  }
}

function removeFromSlot(shard: Shard, slot: number): void {
  const { view } = shard;
  // Another round only when another thread changed the slot in between.
  for (;;) {
    const location = pinSlot(view, slot);
    if (location === 0 || shard.remove(slot, location, 'cleared')) break;
  }
  view.thread.unpinWalk();
}
