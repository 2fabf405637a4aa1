/** The cache as a program uses it: making one, argument checks, what is counted, calls for many keys. */
import { randomBytes, randomInt } from 'node:crypto';
import {
  bytesOf,
  checkEntry,
  checkHandle,
  checkIterable,
  ENTRY_FORM,
  expiryAfter,
  textOf,
  ttlOf,
} from './arguments.js';
import type { Attachment } from './attachment.js';
import type { CacheHandle, Entry, Key, SetOptions, SnapshotOptions, Value } from './cache-types.js';
import { Entries } from './entries.js';
import { isHiddenLabel, NEVER } from './entry.js';
import { ABSENT, type Expected } from './expected.js';
import { describe } from './key-buffer.js';
import { FLAG_BASELINE, LAYOUT_VERSION, layoutOf } from './layout.js';
import { type CacheOptions, checkTtl, resolveOptions } from './options.js';
import type { Shard } from './shard.js';
import { type RestoreCounts, readSnapshot } from './snapshot-reader.js';
import { checkPath, completed, graceOf } from './snapshot-steps.js';
import { DELETES, HITS, MISSES, SETS } from './thread-slot.js';
import { WeakValues } from './weak-values.js';
import { WholeCache } from './whole-cache.js';

/** A cache made from a snapshot file, and what became of the file's entries. */
export interface Restored extends RestoreCounts {
  readonly cache: SharedCache;
}

/** Where this thread's texts are encoded and decoded, unless they are longer: to make an object for each is slow. */
const textBuffer = Buffer.allocUnsafeSlow(16 * 1024);

/** Of UTF-8; a pair of surrogates takes four for two. */
const MAX_BYTES_PER_CODE_UNIT = 3;

/** Each cache is attached once per thread, however often its handle arrives. */
const attached = new WeakValues<SharedCache>();

export class SharedCache extends WholeCache {
  /** For a tier above the cache, which keeps more about a key than its value. */
  readonly entries: Entries;
  readonly #attachment: Attachment;
  readonly #defaultTtl: number;

  private constructor(handle: CacheHandle) {
    super(handle);
    this.#attachment = WholeCache.attachmentOf(this);
    this.#defaultTtl = handle.options.ttl;
    this.entries = new Entries(this.#attachment);
  }

  /**
   * Makes a cache. All its memory is set aside now, and used as it fills.
   *
   * @throws {TypeError | RangeError} naming the option that is wrong and what is allowed
   */
  static create(options: CacheOptions): SharedCache {
    const resolved = resolveOptions(options);
    const layout = layoutOf(resolved);
    const handle: CacheHandle = {
      format: 'hotshard',
      layoutVersion: LAYOUT_VERSION,
      id: randomBytes(16).toString('hex'),
      seed: randomInt(-0x80000000, 0x80000000),
      options: resolved,
      control: new SharedArrayBuffer(layout.controlBytes),
      shards: Array.from({ length: resolved.shards }, () => new SharedArrayBuffer(layout.shardBytes)),
    };
    return SharedCache.attach(handle);
  }

  /**
   * The cache of a handle, in this thread.
   *
   * @throws {TypeError} when it is not the handle of a cache of this version
   */
  static attach(handle: CacheHandle): SharedCache {
    checkHandle(handle);
    return attached.get(handle.id) ?? attached.add(handle.id, new SharedCache(handle));
  }

  /**
   * Makes a cache and fills it from a file that `save` wrote. Size and number of shards may be others than those of
   * the cache that was saved: what does not fit is left out, least recently used first. Entries expire when they
   * would have expired there, or by a grace later; those whose time in the file has come are left out.
   *
   * @throws {SnapshotError} when the file is truncated, corrupted, of a newer format or no snapshot at all
   * @throws the system error when it can't be read (`code` ENOENT, EACCES …)
   * @throws {TypeError | RangeError} naming the option that is wrong and what is allowed
   */
  static restore(path: string, options: CacheOptions, how: SnapshotOptions = {}): SharedCache {
    return completed(SharedCache.restoreSteps(path, options, how)).cache;
  }

  /** `restore` in steps of some milliseconds, for a thread that has something else to do between them. */
  static *restoreSteps(
    path: string,
    options: CacheOptions,
    how: SnapshotOptions = {},
  ): Generator<void, Restored, void> {
    checkPath(path);
    const grace = graceOf(how);
    const cache = SharedCache.create(options);
    const most = cache.handle.options.maxKeys || Infinity;
    const counts = yield* readSnapshot(path, most, (...entry) => cache.#attachment.putSaved(grace, ...entry));
    return { cache, ...counts };
  }

  /**
   * Stores a value. False when it can never fit: it is larger than `maxValueSize`, or than the memory.
   *
   * @param key 1 to 512 bytes
   */
  set(key: Key, value: Value, options?: SetOptions): boolean {
    const ttl = options === undefined ? undefined : ttlOf(options);
    const expiry = expiryAfter(ttl === undefined ? this.#defaultTtl : checkTtl('ttl', ttl));
    const { draft } = this.#attachment;
    const shard = this.#attachment.shardOf(key);
    if (typeof value === 'string' && value.length * MAX_BYTES_PER_CODE_UNIT <= textBuffer.length) {
      draft.fill(textBuffer, 0, textBuffer.write(value), expiry, 0);
    } else {
      const bytes = bytesOf(value);
      draft.fill(bytes, 0, bytes.length, expiry, 0);
    }
    return this.#writeDraft(shard);
  }

  /**
   * Stores a line of a data file, as it lies in the buffer it was read into: it replaces what such a file brought
   * before, never what was `set`. False when it can never fit.
   *
   * @param bytes holds the key from `keyStart` to before `keyEnd`, the value from `valueStart` to before `valueEnd`
   */
  setBaseline(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): boolean {
    const shard = this.#attachment.shardOfRange(bytes, keyStart, keyEnd);
    const expiry = expiryAfter(this.#defaultTtl);
    this.#attachment.draft.fill(bytes, valueStart, valueEnd, expiry, FLAG_BASELINE);
    return this.#writeDraft(shard);
  }

  /**
   * `set` for a key and a value that lie in larger buffers, without making an object. The one that a server reads into
   * may be given for both.
   *
   * @param ttl milliseconds, 0 = none; absent: the default
   */
  setRange(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    ttl = this.#defaultTtl,
  ): boolean {
    const shard = this.#attachment.shardOfRange(key, keyStart, keyEnd);
    this.#attachment.draft.fill(value, valueStart, valueEnd, expiryAfter(ttl), 0);
    return this.#writeDraft(shard);
  }

  /** A copy of the key's value. */
  get(key: Key): Uint8Array<ArrayBuffer> | undefined {
    const { key: loaded, thread } = this.#attachment;
    const value = this.#attachment.shardOf(key).get(loaded);
    thread.count(value === undefined ? MISSES : HITS);
    return value;
  }

  /** The key's value as text; bytes that are not UTF-8 come as U+FFFD. */
  getString(key: Key): string | undefined {
    // Decoded from private memory: the engine does not expect text to change while it is decoded.
    const { key: loaded, thread } = this.#attachment;
    const length = this.#attachment.shardOf(key).getInto(loaded, textBuffer, 0);
    if (length > textBuffer.length) {
      const value = this.get(key);
      return value === undefined ? undefined : textOf(value);
    }
    thread.count(length < 0 ? MISSES : HITS);
    return length < 0 ? undefined : textBuffer.toString('utf8', 0, length);
  }

  /**
   * Copies the key's value to the beginning of `target`, without making an object.
   *
   * @param target a buffer of the caller's; what is in it stays when the value does not fit. Of a large value that another
   *   thread deletes meanwhile a part may have been copied to it.
   * @returns length of the value in bytes, whether it fitted or not; -1 when the key is absent
   */
  getInto(key: Key, target: Uint8Array): number {
    if (!(target instanceof Uint8Array)) {
      throw new TypeError(`target must be a Uint8Array, not ${describe(target)}`);
    }
    const { key: loaded, thread } = this.#attachment;
    const length = this.#attachment.shardOf(key).getInto(loaded, target, 0);
    thread.count(length < 0 ? MISSES : HITS);
    return length;
  }

  /** The values of several keys, in their order. */
  getMany(keys: Iterable<Key>): (Uint8Array<ArrayBuffer> | undefined)[] {
    checkIterable('keys', 'keys', keys);
    return Array.from(keys, (key) => this.get(key));
  }

  /** Stores several values; for each whether it was stored. */
  setMany(entries: Iterable<Entry>): boolean[] {
    checkIterable('entries', ENTRY_FORM, entries);
    return Array.from(entries, (entry) => {
      checkEntry(entry);
      const [key, value, options] = entry;
      return this.set(key, value, options);
    });
  }

  /** Whether the key is there. It does not count as used. */
  has(key: Key): boolean {
    return this.#expiryOf(key) >= 0;
  }

  /** Removes a key, and what `entries` has hidden under it. True when it had a value. */
  delete(key: Key): boolean {
    return this.#deleteFrom(this.#attachment.shardOf(key));
  }

  /** Milliseconds left to live; Infinity when the key never expires, undefined when it is absent. */
  ttl(key: Key): number | undefined {
    const expiry = this.#expiryOf(key);
    if (expiry < 0) return undefined;
    return expiry === NEVER ? Infinity : Math.max(0, expiry - Date.now());
  }

  /**
   * Gives a key another time to live. False when it is absent.
   *
   * @param ttl milliseconds; 0 or Infinity: none
   */
  expire(key: Key, ttl: number): boolean {
    const expiry = expiryAfter(checkTtl('ttl', ttl));
    const { draft, key: loaded } = this.#attachment;
    const shard = this.#attachment.shardOf(key);
    for (;;) {
      const entry = shard.read(loaded);
      if (entry === undefined || isHiddenLabel(entry.label)) return false;
      draft.fill(entry.value, 0, entry.value.length, expiry, 0, entry.label);
      const outcome = this.#attachment.write(shard, entry);
      if (outcome !== 'kept') return outcome === 'stored';
    }
  }

  /**
   * Replaces a key's value by what `change` makes of it, atomically over all threads: nobody else's write comes
   * between the value it is given and the one it returns. When somebody does write meanwhile, it is called again.
   * The time to live stays; a new key gets the cache's default.
   *
   * @param change gets a copy of the value, or undefined; returning undefined deletes the key
   * @returns the value afterwards
   * @throws {RangeError} when the new value can never fit; the old one stays
   */
  update(
    key: Key,
    change: (current: Uint8Array<ArrayBuffer> | undefined) => Value | undefined,
  ): Uint8Array<ArrayBuffer> | undefined {
    if (typeof change !== 'function')
      throw new TypeError(`change must be a function, not ${describe(change)}`);
    const { draft, layout, thread } = this.#attachment;
    for (;;) {
      const entry = this.entries.read(key);
      // One that is hidden is replaced, but it is no value.
      const current = entry !== undefined && isHiddenLabel(entry.label) ? undefined : entry;
      // A copy of its own: what was read must stay as it is, since an entry that was moved is known by its value.
      const next = change(current?.value.slice());
      // `change` may have used this cache: the key is loaded anew.
      const shard = this.#attachment.shardOf(key);
      const expected: Expected = entry ?? ABSENT;
      if (next === undefined) {
        if (current === undefined || this.#deleteFrom(shard, expected)) return undefined;
        continue;
      }
      const value = bytesOf(next);
      const expiry = current === undefined ? expiryAfter(this.#defaultTtl) : current.expiry;
      draft.fill(value, 0, value.length, expiry, 0);
      const outcome = this.#attachment.write(shard, expected);
      if (outcome === 'no room') {
        throw new RangeError(`value must be at most ${layout.maxValueBytes} bytes, not ${value.length}`);
      }
      if (outcome === 'stored') {
        thread.count(SETS);
        // Not `slice`: a Buffer's is a view of the same bytes.
        return new Uint8Array(value);
      }
    }
  }

  /** When the key's value expires; -1 when it has none. */
  #expiryOf(key: Key): number {
    return this.#attachment.shardOf(key).expiry(this.#attachment.key);
  }

  /** Removes the loaded key. True when it had a value. */
  #deleteFrom(shard: Shard, expected?: Expected): boolean {
    const deleted = this.#attachment.delete(shard, expected) === 'value';
    if (deleted) this.#attachment.thread.count(DELETES);
    return deleted;
  }

  /** Writes the draft under the loaded key. */
  #writeDraft(shard: Shard): boolean {
    if (this.#attachment.write(shard) === 'no room') return false;
    this.#attachment.thread.count(SETS);
    return true;
  }
}
