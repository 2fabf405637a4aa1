/** The types of what a program hands to a cache and gets from it. */
import type { ResolvedOptions } from './options.js';

export type Key = string | Uint8Array;
export type Value = string | Uint8Array;

export interface SetOptions {
  /** Time to live in milliseconds; 0 or Infinity: none; absent: the cache's default. */
  readonly ttl?: number;
}

export interface SnapshotOptions {
  /**
   * Milliseconds that entries stay in the cache after they should be over, for whoever knows which are; absent: 0. The
   * file has the time at which they should be over: it is this much earlier than their expiry in the cache.
   */
  readonly grace?: number;
}

/** One entry of `setMany`. */
export type Entry = readonly [key: Key, value: Value, options?: SetOptions];

/** What other threads attach to: plain, structured-cloneable data. */
export interface CacheHandle {
  readonly format: 'hotshard';
  readonly layoutVersion: number;
  readonly id: string;
  readonly seed: number;
  readonly options: ResolvedOptions;
  readonly control: SharedArrayBuffer;
  readonly shards: readonly SharedArrayBuffer[];
}

export interface ShardStats {
  /** Keys that have a value. */
  readonly keys: number;
  /** Entries that are no values: see `Entries`. */
  readonly hidden: number;
  readonly bytesUsed: number;
  readonly bytesMax: number;
  readonly evictions: number;
  readonly expirations: number;
}

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  readonly sets: number;
  readonly deletes: number;
  readonly evictions: number;
  readonly expirations: number;
  /** Keys that have a value. */
  readonly keys: number;
  /** Entries that are no values: see `Entries`. They are in none of the other counters. */
  readonly hidden: number;
  /** Bytes of entries that can be read, hidden ones included: headers, keys and values. */
  readonly bytesUsed: number;
  /** `maxMemory`. */
  readonly bytesMax: number;
  readonly shards: readonly ShardStats[];
}
