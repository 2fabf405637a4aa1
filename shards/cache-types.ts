/** The types of what a program hands to a cache and gets from it. */
import type { ResolvedOptions } from './options.js';

export type Key = string | Uint8Array;
export type Value = string | Uint8Array;

export interface SetOptions {
  /** Time to live in milliseconds; 0 or Infinity: none; absent: the cache's default. */
  readonly ttl?: number;
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
  readonly keys: number;
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
  readonly keys: number;
  /** Bytes of entries that can be read: headers, keys and values. */
  readonly bytesUsed: number;
  /** `maxMemory`. */
  readonly bytesMax: number;
  readonly shards: readonly ShardStats[];
}
