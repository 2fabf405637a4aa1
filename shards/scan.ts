/** The keys of a whole cache, a few at a time and without a state: SCAN; and one of them at random. */

import { isValue, keyLengthOf, keyStart } from './entry.js';
import { hasEntry, keysOfBucket } from './iterate.js';
import { bytesOfWords } from './key-buffer.js';
import { BUCKET_WORDS, FLAG_DEAD, FLAG_FRAGMENT } from './layout.js';
import { deadWords, IN_USE, stateOf, usedWords } from './segment.js';
import type { Shard } from './shard.js';
import type { ShardView } from './shard-view.js';
import { FROM_START, walk } from './walk.js';

type KeyBytes = Uint8Array<ArrayBuffer>;

/** Empty buckets that a call passes at most, if the caller wants few keys, and per key if it wants many. */
const MOST_EMPTY = 16 * 1024;
const MOST_EMPTY_PER_KEY = 10;

/** Buckets looked at for a random key, before the log is. */
const RANDOM_BUCKETS = 256;

/**
 * Visits the keys of some buckets from a cursor on. A cursor is the number of a bucket, counted over all shards, which
 * are equally large; a call visits whole buckets, with their chains, one after the other. A key never changes its
 * bucket, and while it has a value it keeps its slot, whatever is written, moved or evicted. So in a whole scan, from 0
 * until 0 comes back, a key that has a value from beginning to end is visited exactly once.
 *
 * @param cursor 0 to begin, then what the call before returned. Any other number ends the scan, or goes on somewhere
 * @param count at least 1. The call ends with the bucket that brings it to so many keys, or after a number of empty
 *   buckets: ten times as many, at least 16,384
 * @param visit may use the cache
 * @returns the next cursor; 0 at the end
 */
export function scanKeys(
  shards: readonly Shard[],
  cursor: number,
  count: number,
  visit: (key: KeyBytes) => void,
): number {
  const perShard = shards[0]?.view.buckets ?? 0;
  const buckets = perShard * shards.length;
  if (!(Number.isSafeInteger(cursor) && cursor >= 0)) return 0;
  const mostEmpty = Math.max(MOST_EMPTY, count * MOST_EMPTY_PER_KEY);
  let visited = 0;
  let empty = 0;
  for (let at = cursor; at < buckets; ) {
    const keys = keysAt(shards, at++, perShard);
    for (const key of keys) visit(key);
    visited += keys.length;
    if (keys.length === 0) empty++;
    if (visited >= count || empty >= mostEmpty) return at < buckets ? at : 0;
  }
  return 0;
}

/**
 * A key that has a value; undefined when there is none. Which one is random, but not evenly so.
 *
 * Some buckets from a random one on are looked at. In a map that is almost empty nothing is found there: then segments
 * of the log are walked, from a random one on, of which those without an entry are passed at once. A record may turn out
 * not to be reachable, which is rare: only when nothing else is found the whole index is looked through.
 *
 * @param has whether a key has a value
 */
export function randomKeyOf(shards: readonly Shard[], has: (key: KeyBytes) => boolean): KeyBytes | undefined {
  const inUse = shards.filter(({ keys }) => keys > 0);
  const first = Math.floor(Math.random() * inUse.length);
  for (let i = 0; i < inUse.length; i++) {
    const shard = inUse[(first + i) % inUse.length] as Shard;
    const key = randomOfIndex(shard.view) ?? randomOfLog(shard, has);
    if (key !== undefined) return key;
  }
  let any: KeyBytes | undefined;
  for (let cursor = 0; ; ) {
    cursor = scanKeys(inUse, cursor, 1, (key) => {
      any = key;
    });
    if (any !== undefined || cursor === 0) return any;
  }
}

function keysAt(shards: readonly Shard[], at: number, perShard: number): readonly KeyBytes[] {
  const { view } = shards[Math.floor(at / perShard)] as Shard;
  return keysOfHome(view, at % perShard);
}

const NO_KEYS: readonly KeyBytes[] = [];

function keysOfHome(view: ShardView, bucket: number): readonly KeyBytes[] {
  const home = view.indexStart + bucket * BUCKET_WORDS;
  return hasEntry(view, home) ? keysOfBucket(view, home) : NO_KEYS;
}

function randomOfIndex(view: ShardView): KeyBytes | undefined {
  const first = Math.floor(Math.random() * view.buckets);
  const looked = Math.min(RANDOM_BUCKETS, view.buckets);
  for (let i = 0; i < looked; i++) {
    const keys = keysOfHome(view, (first + i) % view.buckets);
    if (keys.length > 0) return keys[Math.floor(Math.random() * keys.length)];
  }
  return undefined;
}

function randomOfLog({ view }: Shard, has: (key: KeyBytes) => boolean): KeyBytes | undefined {
  const { segments } = view.layout;
  const first = Math.floor(Math.random() * segments);
  for (let i = 0; i < segments; i++) {
    const segment = (first + i) % segments;
    if (stateOf(view, segment) !== IN_USE || usedWords(view, segment) <= deadWords(view, segment)) continue;
    const key = randomOfSegment(view, segment);
    if (key !== undefined && has(key)) return key;
  }
  return undefined;
}

/** Each of the segment's keys with the same probability (reservoir sampling, of one). */
function randomOfSegment(view: ShardView, segment: number): KeyBytes | undefined {
  let chosen: KeyBytes | undefined;
  let seen = 0;
  walk(view, segment, FROM_START, (location, kind) => {
    if ((kind & (FLAG_DEAD | FLAG_FRAGMENT)) === 0 && isValue(view, location, kind)) {
      seen++;
      if (Math.random() * seen < 1)
        chosen = bytesOfWords(view.words, keyStart(location, kind), keyLengthOf(kind));
    }
    return true;
  });
  return chosen;
}
