export interface CacheOptions {
  maxMemory: number;
  maxKeys?: number;
  maxValueSize?: number;
  shards?: number;
  ttl?: number;
}
export interface CacheHandle {
  readonly [k: string]: unknown;
}
export interface ShardStats {
  keys: number;
  bytesUsed: number;
  bytesMax: number;
  evictions: number;
  expirations: number;
}
export interface CacheStats {
  hits: number;
  misses: number;
  sets: number;
  deletes: number;
  evictions: number;
  expirations: number;
  keys: number;
  bytesUsed: number;
  bytesMax: number;
  shards: ShardStats[];
}
export interface SetOptions {
  ttl?: number;
}
/** Temporary: to be replaced. */
export class SharedCache {
  #map = new Map<string, Uint8Array>();
  static create(_options: CacheOptions): SharedCache {
    return new SharedCache();
  }
  static attach(_handle: CacheHandle): SharedCache {
    return new SharedCache();
  }
  get handle(): CacheHandle {
    return {};
  }
  set(key: string, value: string | Uint8Array, _options?: SetOptions): boolean {
    this.#map.set(key, Buffer.from(value as string));
    return true;
  }
  get(key: string): Uint8Array | undefined {
    return this.#map.get(key);
  }
  delete(key: string): boolean {
    return this.#map.delete(key);
  }
  get size(): number {
    return this.#map.size;
  }
  stats(): CacheStats {
    return {
      hits: 0,
      misses: 0,
      sets: 0,
      deletes: 0,
      evictions: 0,
      expirations: 0,
      keys: this.size,
      bytesUsed: 0,
      bytesMax: 0,
      shards: [],
    };
  }
}
