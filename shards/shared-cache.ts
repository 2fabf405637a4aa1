/** The cache as a program uses it: argument checks, the choice of a shard, calls for many keys, statistics. */
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
import type { CacheHandle, CacheStats, Entry, Key, SetOptions, Value } from './cache-types.js';
import { lastingErrors } from './check.js';
import { NEVER } from './entry.js';
import { KeyEvictor } from './evict-one.js';
import { ExpiryTimer } from './expiry-timer.js';
import { hashSecrets } from './hash.js';
import { clearShard, keysOf } from './iterate.js';
import { describe, KeyBuffer } from './key-buffer.js';
import { FLAG_BASELINE, LAYOUT_VERSION, type Layout, layoutOf } from './layout.js';
import { LockedShard } from './locked-shard.js';
import { type CacheOptions, checkTtl, resolveOptions } from './options.js';
import { Quota } from './quota.js';
import { Recency } from './recency.js';
import { ABSENT, type Expected, Shard } from './shard.js';
import { ShardView } from './shard-view.js';
import { writeSnapshot } from './snapshot.js';
import { type PutEntry, type RestoreCounts, readSnapshot } from './snapshot-reader.js';
import { checkPath, completed } from './snapshot-steps.js';
import { keysIn, statsOf } from './statistics.js';
import { claimThreadSlot, DELETES, HITS, MISSES, SETS, sumCounters, type ThreadSlot } from './thread-slot.js';
import { WeakValues } from './weak-values.js';
import { Draft } from './writer.js';

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

export class SharedCache {
  readonly #handle: CacheHandle;
  readonly #layout: Layout;
  readonly #maxValueBytes: number;
  readonly #defaultTtl: number;
  readonly #thread: ThreadSlot;
  readonly #shards: readonly Shard[];
  readonly #key: KeyBuffer;
  readonly #draft = new Draft();

  private constructor(handle: CacheHandle) {
    const { options } = handle;
    const control = new Int32Array(handle.control);
    const layout = layoutOf(options);
    const secrets = hashSecrets(handle.seed);
    const shards: Shard[] = [];
    // What the clock calls may not hold the cache, or it could never be collected.
    const recency = new Recency(control, options.maxKeys, () => keysIn(shards));
    const { thread, inherited } = claimThreadSlot(control, layout.threadSlots);
    const evictor = new KeyEvictor(shards, recency, options.maxKeys);
    const quota = new Quota(thread, layout.threadSlots, options.maxKeys, evictor);
    const ShardOfGuard = options.guard === 'lock' ? LockedShard : Shard;
    handle.shards.forEach((buffer, i) => {
      const view = new ShardView(buffer, i, layout, thread);
      shards.push(new ShardOfGuard(view, secrets, quota, recency));
    });
    if (inherited) for (const shard of shards) shard.takeOver(thread.id);
    this.#handle = handle;
    this.#layout = layout;
    this.#maxValueBytes = layout.maxValueBytes;
    this.#defaultTtl = options.ttl;
    this.#thread = thread;
    this.#shards = shards;
    this.#key = new KeyBuffer(secrets);
    const sweeps = shards.map(({ expirySweep }) => expirySweep);
    ExpiryTimer.start(this, control, sweeps);
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
   * would have expired there; those that have are left out.
   *
   * @throws {SnapshotError} when the file is truncated, corrupted, of a newer format or no snapshot at all
   * @throws the system error when it can't be read (`code` ENOENT, EACCES …)
   * @throws {TypeError | RangeError} naming the option that is wrong and what is allowed
   */
  static restore(path: string, options: CacheOptions): SharedCache {
    return completed(SharedCache.restoreSteps(path, options)).cache;
  }

  /** `restore` in steps of some milliseconds, for a thread that has something else to do between them. */
  static *restoreSteps(path: string, options: CacheOptions): Generator<void, Restored, void> {
    checkPath(path);
    const cache = SharedCache.create(options);
    const most = cache.#handle.options.maxKeys || Infinity;
    const counts = yield* readSnapshot(path, most, (...entry) => cache.#putSaved(...entry));
    return { cache, ...counts };
  }

  get handle(): CacheHandle {
    return this.#handle;
  }

  /**
   * Stores a value. False when it can never fit: it is larger than `maxValueSize`, or than the memory.
   *
   * @param key 1 to 512 bytes
   */
  set(key: Key, value: Value, options?: SetOptions): boolean {
    const ttl = options === undefined ? undefined : ttlOf(options);
    const expiry = expiryAfter(ttl === undefined ? this.#defaultTtl : checkTtl('ttl', ttl));
    const shard = this.#shardOf(key);
    if (typeof value === 'string' && value.length * MAX_BYTES_PER_CODE_UNIT <= textBuffer.length) {
      this.#draft.fill(textBuffer, 0, textBuffer.write(value), expiry, 0);
    } else {
      const bytes = bytesOf(value);
      this.#draft.fill(bytes, 0, bytes.length, expiry, 0);
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
    this.#key.loadRange(bytes, keyStart, keyEnd);
    const expiry = expiryAfter(this.#defaultTtl);
    this.#draft.fill(bytes, valueStart, valueEnd, expiry, FLAG_BASELINE);
    return this.#writeDraft(this.#shardOfLoaded());
  }

  /** A copy of the key's value. */
  get(key: Key): Uint8Array<ArrayBuffer> | undefined {
    const value = this.#shardOf(key).get(this.#key);
    this.#thread.count(value === undefined ? MISSES : HITS);
    return value;
  }

  /** The key's value as text; bytes that are not UTF-8 come as U+FFFD. */
  getString(key: Key): string | undefined {
    // Decoded from private memory: the engine does not expect text to change while it is decoded.
    const length = this.#shardOf(key).getInto(this.#key, textBuffer);
    if (length > textBuffer.length) {
      const value = this.get(key);
      return value === undefined ? undefined : textOf(value);
    }
    this.#thread.count(length < 0 ? MISSES : HITS);
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
    const length = this.#shardOf(key).getInto(this.#key, target);
    this.#thread.count(length < 0 ? MISSES : HITS);
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
    return this.#shardOf(key).expiry(this.#key) !== undefined;
  }

  /** Removes a key. True when it was there. */
  delete(key: Key): boolean {
    const deleted = this.#shardOf(key).delete(this.#key);
    if (deleted) this.#thread.count(DELETES);
    return deleted;
  }

  /** Removes every key that is there now. */
  clear(): void {
    for (const shard of this.#shards) clearShard(shard);
  }

  /** Milliseconds left to live; Infinity when the key never expires, undefined when it is absent. */
  ttl(key: Key): number | undefined {
    const expiry = this.#shardOf(key).expiry(this.#key);
    if (expiry === undefined) return undefined;
    return expiry === NEVER ? Infinity : Math.max(0, expiry - Date.now());
  }

  /**
   * Gives a key another time to live. False when it is absent.
   *
   * @param ttl milliseconds; 0 or Infinity: none
   */
  expire(key: Key, ttl: number): boolean {
    const expiry = expiryAfter(checkTtl('ttl', ttl));
    const shard = this.#shardOf(key);
    for (;;) {
      const entry = shard.read(this.#key);
      if (entry === undefined) return false;
      this.#draft.fill(entry.value, 0, entry.value.length, expiry, 0);
      const outcome = shard.write(this.#key, this.#draft, entry);
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
    for (;;) {
      const entry = this.#shardOf(key).read(this.#key);
      const next = change(entry?.value);
      // `change` may have used this cache: the key is loaded anew.
      const shard = this.#shardOf(key);
      const expected: Expected = entry ?? ABSENT;
      if (next === undefined) {
        if (entry === undefined) return undefined;
        if (shard.delete(this.#key, expected)) {
          this.#thread.count(DELETES);
          return undefined;
        }
        continue;
      }
      const value = bytesOf(next);
      const expiry = entry === undefined ? expiryAfter(this.#defaultTtl) : entry.expiry;
      const fits = value.length <= this.#maxValueBytes;
      this.#draft.fill(value, 0, value.length, expiry, 0);
      const outcome = fits ? shard.write(this.#key, this.#draft, expected) : 'no room';
      if (outcome === 'no room') {
        throw new RangeError(`value must be at most ${this.#maxValueBytes} bytes, not ${value.length}`);
      }
      if (outcome === 'stored') {
        this.#thread.count(SETS);
        // Not `slice`: a Buffer's is a view of the same bytes.
        return new Uint8Array(value);
      }
    }
  }

  /** Keys held. Expired ones that nobody has met yet count. */
  get size(): number {
    return keysIn(this.#shards);
  }

  /** The keys as text. Safe while others write: a key that is there from beginning to end comes exactly once. */
  *keys(): IterableIterator<string> {
    for (const { view } of this.#shards) {
      for (const key of keysOf(view)) yield textOf(key);
    }
  }

  /** Counters of all threads since the cache was created, and what it holds now. */
  stats(): CacheStats {
    const shards = this.#shards.map(statsOf);
    return {
      ...sumCounters(this.#thread.control, this.#layout.threadSlots),
      keys: shards.reduce((sum, { keys }) => sum + keys, 0),
      bytesUsed: shards.reduce((sum, { bytesUsed }) => sum + bytesUsed, 0),
      bytesMax: this.#handle.options.maxMemory,
      shards,
    };
  }

  /**
   * Writes all entries to a file, for `restore`. Other threads may read and write meanwhile: each entry is whole, and
   * every key that is there from beginning to end is in the file. Its old content stays until the new one is complete
   * and stored; then it is replaced in one step. Only the owner may read the file.
   *
   * @returns number of entries written; those that have expired are left out
   * @throws {SnapshotError} when there is something at `path` that is no file
   * @throws the system error when it can't be written (`code` ENOENT, EACCES, ENOSPC …); the old file stays
   */
  save(path: string): number {
    return completed(this.saveSteps(path));
  }

  /**
   * `save` in steps of some milliseconds, for a thread that has something else to do between them. To end it early,
   * by the generator's `return`, leaves the old file.
   */
  saveSteps(path: string): Generator<void, number, void> {
    checkPath(path);
    return this.#saving(path);
  }

  /** A method, so that the generator holds the cache: it uses the thread's slot, which the next attachment would get. */
  *#saving(path: string): Generator<void, number, void> {
    return yield* writeSnapshot(this.#shards, hashSecrets(this.#handle.seed), path);
  }

  /** What is wrong with the map, for tests, while no thread writes to it: see check.ts. */
  integrityErrors(): string[] {
    return lastingErrors(
      this.#shards.map(({ view }) => view),
      hashSecrets(this.#handle.seed),
    );
  }

  /** Stores an entry of a snapshot. It does not count as set: that was counted when it was. */
  #putSaved(
    ...[bytes, keyStart, keyEnd, valueStart, valueEnd, expiry, flags]: Parameters<PutEntry>
  ): boolean {
    if (valueEnd - valueStart > this.#maxValueBytes) return false;
    this.#key.loadRange(bytes, keyStart, keyEnd);
    this.#draft.fill(bytes, valueStart, valueEnd, expiry, flags);
    return this.#shardOfLoaded().write(this.#key, this.#draft) !== 'no room';
  }

  /** Writes the draft under the loaded key. */
  #writeDraft(shard: Shard): boolean {
    if (this.#draft.length > this.#maxValueBytes) return false;
    if (shard.write(this.#key, this.#draft) === 'no room') return false;
    this.#thread.count(SETS);
    return true;
  }

  /** Loads the key, and finds the shard that it belongs to. */
  #shardOf(key: Key): Shard {
    this.#key.load(key);
    return this.#shardOfLoaded();
  }

  /** The shard that the loaded key belongs to. */
  #shardOfLoaded(): Shard {
    const shards = this.#shards;
    const { length } = shards;
    const index = length === 1 ? 0 : Math.floor(((this.#key.hash >>> 0) * length) / 2 ** 32);
    return shards[index] as Shard;
  }
}
