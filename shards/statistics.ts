/** What a shard holds and has let go, as counted in its own buffer. */
import type { ShardStats } from './cache-types.js';
import { SHARD_EVICTIONS, SHARD_EXPIRATIONS, WORD_BYTES } from './layout.js';
import { deadWords, IN_USE, stateOf, usedWords } from './segment.js';
import type { Shard } from './shard.js';

export function statsOf(shard: Shard): ShardStats {
  const { view } = shard;
  const { layout } = view;
  let words = 0;
  for (let segment = 0; segment < layout.segments; segment++) {
    if (stateOf(view, segment) === IN_USE) words += usedWords(view, segment) - deadWords(view, segment);
  }
  return {
    keys: shard.keys,
    hidden: shard.hidden,
    bytesUsed: Math.max(0, words * WORD_BYTES),
    bytesMax: layout.shardBytes,
    evictions: Atomics.load(view.words, SHARD_EVICTIONS) >>> 0,
    expirations: Atomics.load(view.words, SHARD_EXPIRATIONS) >>> 0,
  };
}

/** Keys that have a value in all of them, expired ones that nobody has met yet included. */
export function keysIn(shards: readonly Shard[]): number {
  return shards.reduce((sum, shard) => sum + shard.keys, 0);
}

/** Entries in all of them, hidden ones included. */
export function entriesIn(shards: readonly Shard[]): number {
  return shards.reduce((sum, { entries }) => sum + entries, 0);
}
