/**
 * A Keyv storage adapter over a shared cache, for Keyv 5 and 6: `new Keyv({ store: new KeyvHotshard(cache) })` in any
 * number of threads is one Keyv for all of them.
 *
 * It has the interface that Keyv 5 knows, with relative times to live, which Keyv 6 puts its bridge around. Keyv 5, and
 * the bridge of 6, put the namespace in front of each key themselves. Nothing of Keyv is imported: its types differ
 * between the two, and the package works without it.
 */
import type { SharedCache } from '../../shards/index.js';
import { decode, encode, idOf, longKeyOf, mayBeLong } from './keyv-entry.js';
import { type CacheSource, openCache } from './source.js';

export type { CacheSource };

/** One entry of `setMany`. */
export interface KeyvHotshardEntry {
  readonly key: string;
  /** Text, or anything that structured cloning takes. */
  readonly value: unknown;
  /** Milliseconds; 0 or less: it is expired already; absent: the cache's default. */
  readonly ttl?: number | undefined;
}

export default class KeyvHotshard {
  /**
   * Keyv 5 only iterates over stores that call themselves one of its own dialects, and makes no other use of the name.
   * Keyv 6 does not read it.
   */
  readonly opts: Record<string, unknown> = { dialect: 'redis' };

  /**
   * Set by Keyv 5, and then part of the keys it hands over. Declared only: Keyv 6 would take a store that has such a
   * property for one that puts namespaces in front of keys itself.
   */
  declare namespace?: string;

  readonly #cache: SharedCache;

  /**
   * @param source a SharedCache, the handle of one, or the options of a new one
   * @throws {TypeError | RangeError} naming what is wrong with the handle or the options, and what is allowed
   */
  constructor(source: CacheSource) {
    this.#cache = openCache(source);
  }

  /** The cache it works on; its `handle` goes to other threads. */
  get cache(): SharedCache {
    return this.#cache;
  }

  /** The value, a copy of its own, or undefined when the key is absent or expired. */
  async get<Value = unknown>(key: string): Promise<Value | undefined> {
    return this.#read(key) as Value | undefined;
  }

  /** The values of several keys, in their order. */
  async getMany<Value = unknown>(keys: string[]): Promise<(Value | undefined)[]> {
    return keys.map((key) => this.#read(key) as Value | undefined);
  }

  /**
   * Stores a value. False when it can never fit: it is larger than the cache's `maxValueSize`. What was there before
   * stays then.
   *
   * @param key any length; one of more than 512 bytes is stored with the value and counts for its size
   * @param value text, or anything that structured cloning takes
   * @param ttl milliseconds; 0 or less: it is expired already; absent: the cache's default
   * @throws {TypeError | RangeError} when the key is no text or empty, or the ttl no number of milliseconds
   * @throws {Error} when the value can't be cloned
   */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    return this.#write(key, value, ttl);
  }

  /** Stores several values; for each whether it was stored. */
  setMany(entries: KeyvHotshardEntry[]): Promise<boolean[]>;
  /** Keyv 5 declares that it wants nothing back, and hands back what it gets. */
  setMany(entries: KeyvHotshardEntry[]): Promise<void>;
  async setMany(entries: KeyvHotshardEntry[]): Promise<unknown> {
    return entries.map(({ key, value, ttl }) => this.#write(key, value, ttl));
  }

  /** Whether the key is there. */
  async has(key: string): Promise<boolean> {
    return this.#has(key);
  }

  /** For several keys whether they are there, in their order. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return keys.map((key) => this.#has(key));
  }

  /** Removes a key. True when it was there. */
  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(idOf(key));
  }

  /** Removes several keys; for each whether it was there. */
  deleteMany(keys: string[]): Promise<boolean[]>;
  /** For Keyv 5: whether all of them were there. */
  deleteMany(keys: string[]): Promise<boolean>;
  async deleteMany(keys: string[]): Promise<boolean[] | boolean> {
    const deleted = keys.map((key) => this.#cache.delete(idOf(key)));
    // Keyv 5 says what its namespace is, even when it has none.
    return 'namespace' in this ? deleted.every(Boolean) : deleted;
  }

  /** Removes the keys of the namespace; without one, everything that the cache holds. */
  async clear(): Promise<void> {
    if (!this.namespace) {
      this.#cache.clear();
      return;
    }
    for (const key of this.#keysOf(this.namespace)) this.#cache.delete(idOf(key));
  }

  /** The keys of the namespace, with it in front, and their values; without one, all of them. Safe while others write. */
  async *iterator<Value = unknown>(namespace?: string): AsyncGenerator<[string, Value], void> {
    for (const key of this.#keysOf(namespace)) {
      const value = this.#read(key) as Value | undefined;
      if (value !== undefined) yield [key, value];
    }
  }

  /** Nothing: there is no connection, and others may be using the cache. */
  async disconnect(): Promise<void> {}

  /** Keyv listens for errors. There are none but those that a method's promise is rejected with. */
  on(_event: string, _listener: (...values: never[]) => void): this {
    return this;
  }

  #read(key: string): unknown {
    const id = idOf(key);
    const bytes = this.#cache.get(id);
    return bytes === undefined ? undefined : decode(bytes, key, id);
  }

  #write(key: string, value: unknown, ttl: number | undefined): boolean {
    const id = idOf(key);
    // The map takes 0 for no time to live. What is no number is for it to turn down.
    if (typeof ttl === 'number' && ttl <= 0) {
      this.#cache.delete(id);
      return true;
    }
    return this.#cache.set(id, encode(key, id, value), ttl === undefined ? {} : { ttl });
  }

  #has(key: string): boolean {
    return mayBeLong(idOf(key)) ? this.#read(key) !== undefined : this.#cache.has(key);
  }

  *#keysOf(namespace: string | undefined): Generator<string> {
    const prefix = namespace ? `${namespace}:` : '';
    for (const id of this.#cache.keys()) {
      const bytes = mayBeLong(id) ? this.#cache.get(id) : undefined;
      const key = (bytes && longKeyOf(bytes)) ?? id;
      if (key.startsWith(prefix)) yield key;
    }
  }
}
