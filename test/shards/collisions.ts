/**
 * Keys that collide, found by search: with a hash function whose secrets are known, and nothing but that it reads a
 * key from its beginning to its end and is 32 bits wide.
 */
import { randomUUID } from 'node:crypto';
import { bucketOf } from '../../shards/bucket.js';
import { hashSecrets } from '../../shards/hash.js';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { KeyBuffer } from '../../shards/key-buffer.js';
import { layoutOf } from '../../shards/layout.js';
import { ShardView } from '../../shards/shard-view.js';
import { ThreadSlot } from '../../shards/thread-slot.js';

/** Characters of a block: a word of the key. */
const BLOCK = 4;
/** Candidates for a block: enough that two of them collide, all but certainly. */
const CANDIDATES = 36 ** BLOCK;
/** Blocks of a key, with two possibilities each. */
const BLOCKS = 8;

/** A cache whose hash function is known beforehand, as its secrets follow from the seed. */
export function createWithSeed(options: CacheOptions, seed: number): SharedCache {
  const { handle } = SharedCache.create(options);
  return SharedCache.attach({ ...handle, id: randomUUID(), seed });
}

/**
 * Up to 256 keys with one and the same hash, so that shard, bucket and tag are the same as well. Two blocks that
 * collide are looked for at each place, behind the ones chosen before; then every choice of blocks collides (Joux,
 * "Multicollisions in Iterated Hash Functions", CRYPTO 2004).
 */
export function collidingKeys(seed: number): string[] {
  const hashOf = hashWith(seed);
  let keys = [''];
  for (let i = 0; i < BLOCKS; i++) {
    const pair = collidingBlocks(hashOf, keys[0] ?? '');
    keys = keys.flatMap((key) => pair.map((block) => key + block));
  }
  // All of them, unless the hash function is another one by now.
  return largestGroup(keys, hashOf);
}

/** So many keys of one bucket, most of them with different tags. */
export function bucketMates(options: CacheOptions, seed: number, count: number): string[] {
  const { handle } = createWithSeed(options, seed);
  const hashOf = hashWith(seed);
  const view = new ShardView(
    handle.shards[0] ?? new SharedArrayBuffer(0),
    0,
    layoutOf(handle.options),
    new ThreadSlot(new Int32Array(handle.control), 1),
  );
  const mates: string[] = [];
  const bucket = bucketOf(view, hashOf('mate0'));
  for (let i = 0; mates.length < count; i++) {
    const key = `mate${i}`;
    if (bucketOf(view, hashOf(key)) === bucket) mates.push(key);
  }
  return mates;
}

function hashWith(seed: number): (key: string) => number {
  const buffer = new KeyBuffer(hashSecrets(seed));
  return (key) => {
    buffer.load(key);
    return buffer.hash;
  };
}

function collidingBlocks(hashOf: (key: string) => number, prefix: string): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; i < CANDIDATES; i++) {
    const block = i.toString(36).padStart(BLOCK, '0');
    const hash = hashOf(prefix + block);
    const other = seen.get(hash);
    if (other !== undefined) return [other, block];
    seen.set(hash, block);
  }
  throw new RangeError('no two blocks collide: is the hash wider by now?');
}

function largestGroup(keys: readonly string[], hashOf: (key: string) => number): string[] {
  const groups = new Map<number, string[]>();
  for (const key of keys) groups.set(hashOf(key), [...(groups.get(hashOf(key)) ?? []), key]);
  return [...groups.values()].reduce((most, group) => (group.length > most.length ? group : most), []);
}
