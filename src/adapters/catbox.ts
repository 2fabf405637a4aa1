/**
 * A catbox engine over a shared cache: Hapi's `server.cache` and cached server methods, with one cache for the servers
 * of all threads. What does not fit any more makes room by eviction, where the engine that Hapi brings along fails.
 *
 * Nothing of catbox is imported: its interface is six methods, and the package works without it.
 */
import { createHash } from 'node:crypto';
import { type CacheHandle, type CacheOptions, MAX_KEY_BYTES, type SharedCache } from '../../shards/index.js';
import { openCache } from './source.js';

export interface CatboxPartition {
  /** Keeps apart what servers store that share a cache; `catbox` when absent, `hapi-cache` where Hapi makes the engine. */
  readonly partition?: string | undefined;
}

export type CatboxHotshardOptions = CatboxPartition &
  ({ readonly cache: SharedCache } | { readonly handle: CacheHandle } | CacheOptions);

/** What an item is stored under, in its partition. */
export interface CatboxKey {
  readonly segment: string;
  readonly id: string;
}

export interface CatboxItem {
  /** What was stored: JSON, or a Buffer. A copy of its own. */
  readonly item: unknown;
  /** When it was stored, in milliseconds since 1970. */
  readonly stored: number;
  /** Milliseconds that it lives, counted from then. */
  readonly ttl: number;
}

/** In front of the item: when it was stored and its time to live, as doubles, and what it is. */
const HEADER_BYTES = 17;
const KIND_AT = 16;
const JSON_TEXT = 0;
const BYTES = 1;

export default class CatboxHotshard {
  readonly #cache: SharedCache;
  readonly #partition: string;
  #started = false;

  /**
   * @param options the cache or its handle, or the options of a new one; and the partition
   * @throws {TypeError | RangeError} naming what is wrong with the handle or the options, and what is allowed
   */
  constructor(options: CatboxHotshardOptions);
  /** What catbox's types say that an engine is made with, so that it can be a `provider`. A cache is needed all the same. */
  constructor(options: CatboxPartition);
  constructor(options: CatboxPartition) {
    this.#cache = openCache(options as CatboxHotshardOptions);
    this.#partition = options.partition ?? 'catbox';
  }

  /** The cache it works on; its `handle` goes to other threads. */
  get cache(): SharedCache {
    return this.#cache;
  }

  async start(): Promise<void> {
    this.#started = true;
  }

  /** What is stored stays, for other threads and for the next start. */
  async stop(): Promise<void> {
    this.#started = false;
  }

  isReady(): boolean {
    return this.#started;
  }

  /** Null when a segment may be called so, otherwise an error that says why not. */
  validateSegmentName(name: string): Error | null {
    if (typeof name !== 'string' || name === '') return new Error('a segment name must be a text, not empty');
    if (name.includes('\0')) return new Error('a segment name must not include the null character');
    return null;
  }

  /**
   * The item, or null when there is none or it has expired.
   *
   * @throws {Error} when the engine has not been started
   */
  async get(key: CatboxKey): Promise<CatboxItem | null> {
    const bytes = this.#ready().get(this.#keyOf(key));
    if (bytes === undefined) return null;
    const entry = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const payload = entry.subarray(HEADER_BYTES);
    return {
      item: entry[KIND_AT] === BYTES ? payload : JSON.parse(payload.toString()),
      stored: entry.readDoubleLE(0),
      ttl: entry.readDoubleLE(8),
    };
  }

  /**
   * Stores an item. When that fails, what was stored before stays.
   *
   * @param value JSON, or a Buffer
   * @param ttl milliseconds; 0 or less: it is expired already
   * @throws {TypeError} when the value is neither
   * @throws {RangeError} when it is larger than the cache's `maxValueSize`, or the ttl is not a number
   * @throws {Error} when the engine has not been started
   */
  async set(key: CatboxKey, value: unknown, ttl: number): Promise<void> {
    const cache = this.#ready();
    const id = this.#keyOf(key);
    if (ttl <= 0) {
      cache.delete(id);
      return;
    }
    const entry = entryOf(value, ttl);
    if (!cache.set(id, entry, { ttl: Math.min(ttl, Number.MAX_SAFE_INTEGER) })) {
      const { maxValueSize } = cache.handle.options;
      throw new RangeError(
        `the item takes ${entry.length} bytes, the cache's maxValueSize is ${maxValueSize}: it is not stored`,
      );
    }
  }

  /** Removes the item, if there is one. */
  async drop(key: CatboxKey): Promise<void> {
    this.#ready().delete(this.#keyOf(key));
  }

  #ready(): SharedCache {
    if (!this.#started) throw new Error('the cache engine is not started');
    return this.#cache;
  }

  /** As JSON, so that no two of partition, segment and id can be taken for others; hashed when the map's keys are too short. */
  #keyOf({ segment, id }: CatboxKey): string {
    const key = JSON.stringify([this.#partition, segment, id]);
    if (Buffer.byteLength(key) <= MAX_KEY_BYTES) return key;
    return `sha256:${createHash('sha256').update(key).digest('hex')}`;
  }
}

function entryOf(value: unknown, ttl: number): Buffer {
  const isBytes = value instanceof Uint8Array;
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeDoubleLE(Date.now(), 0);
  header.writeDoubleLE(ttl, 8);
  header[KIND_AT] = isBytes ? BYTES : JSON_TEXT;
  return Buffer.concat([header, isBytes ? value : jsonOf(value)]);
}

function jsonOf(value: unknown): Buffer {
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw new TypeError(`the item must be JSON or a Buffer, not a ${typeof value}`);
  return Buffer.from(text);
}
