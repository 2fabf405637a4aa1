/**
 * hotshard beside the policies: through the same `get` and `set` as a program uses it, so whatever it does to evict is
 * measured as it is. Every cache has a hash seed of its own, hence figures differ a little from run to run.
 */
import { SharedCache } from '../../../shards/index.js';
import type { Policy } from './policies/policy.js';
import { KEY_BYTES } from './sizes.js';

/** Where entries are counted: small values, and memory for several times as many. */
const COUNTED_VALUE_BYTES = 8;
const AMPLE_BYTES_PER_ENTRY = 512;
const AMPLE_BYTES = 1024 * 1024;

export class Hotshard implements Policy {
  readonly #cache: SharedCache;
  readonly #valueSizes: Uint32Array | undefined;
  readonly #key = new Uint8Array(KEY_BYTES);
  readonly #keyWord = new DataView(this.#key.buffer);
  readonly #value: Uint8Array;

  private constructor(cache: SharedCache, valueSizes?: Uint32Array) {
    this.#cache = cache;
    this.#valueSizes = valueSizes;
    this.#value = new Uint8Array(
      valueSizes?.reduce((most, size) => Math.max(most, size), 0) ?? COUNTED_VALUE_BYTES,
    );
  }

  /** Of so many entries, with memory enough for them. */
  static ofEntries(maxKeys: number): Hotshard {
    const maxMemory = AMPLE_BYTES + maxKeys * AMPLE_BYTES_PER_ENTRY;
    return new Hotshard(SharedCache.create({ maxMemory, maxKeys }));
  }

  /** Of so many bytes in all: keys and values, and what it needs beside them. */
  static ofMemory(maxMemory: number, valueSizes: Uint32Array): Hotshard {
    return new Hotshard(SharedCache.create({ maxMemory }), valueSizes);
  }

  access(id: number): boolean {
    this.#keyWord.setUint32(0, id);
    if (this.#cache.get(this.#key) !== undefined) return true;
    const value =
      this.#valueSizes === undefined ? this.#value : this.#value.subarray(0, this.#valueSizes[id]);
    this.#cache.set(this.#key, value);
    return false;
  }

  /** Bytes of the entries it holds: headers, keys and values. */
  get bytesUsed(): number {
    return this.#cache.stats().bytesUsed;
  }
}
