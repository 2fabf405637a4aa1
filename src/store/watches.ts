/**
 * WATCH: whether a key was written since it was looked at, by whomever, in whichever worker and by whatever protocol. A
 * key that was written and deleted again, or written with the value that it had, was written.
 *
 * In shared memory there is a table of the hashes that are watched, each with a version. Every thread that writes to the
 * map has this observe its writes: it raises the version of what it has changed, if that is in the table. While nobody
 * watches anything that is one load.
 *
 * A hash has one of PROBES slots, next to each other. When others have all of them, it is watched in the crowd: a version
 * that every write raises while there is a crowd. So a transaction may be given up for a write of another key, of the
 * same 32 bits or in the crowd; none is carried out although its key was written.
 *
 * ORDER W1: a write of the map and the version that it raises are in one turn (turnstile.ts); `watch` and `isChanged` are
 *   called while their worker has the map to itself. So a write comes wholly before or after each of them, and the table
 *   changes while nobody looks a hash up. The loader of a data file writes without a turn: who watches a key has settled
 *   it before (`SettlingCache`), and from then on no line is written to it.
 *
 * What is evicted, expires or goes when the map is cleared is not told: then the value that there was is not there any
 * more, which `isChanged` sees, or has been written since.
 *
 * DEATHS: each worker counts its watches in a row of its own, which `release` clears when the thread is gone.
 */
import { hashSecrets, KeyBuffer, type SharedCache, type WriteObserver } from '../../shards/index.js';

const SLOTS = 4096;
const SLOT_MASK = SLOTS - 1;
const PROBES = 8;
/** The slot of the crowd has no hash. */
const CROWD = SLOTS;

const LINE_WORDS = 16;
/** Watches of all workers, and those of them in the crowd. */
const WATCHED = 0;
const CROWDED = 1;
const HASHES = LINE_WORDS;
const VERSIONS = HASHES + SLOTS;
/** A row per worker: how often it watches each slot; then all of them together. */
const ROWS = VERSIONS + SLOTS + LINE_WORDS;
const ROW_TOTAL = SLOTS + 1;
const ROW_WORDS = SLOTS + LINE_WORDS;

/** Structured-cloneable: what another thread attaches to. */
export interface WatchesHandle {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
}

/** A key as it was when it was watched. */
export interface Watched {
  readonly key: Uint8Array;
  readonly slot: number;
  readonly version: number;
  readonly hadValue: boolean;
}

export class Watches implements WriteObserver {
  readonly #words: Int32Array;

  private constructor(readonly handle: WatchesHandle) {
    this.#words = new Int32Array(handle.buffer);
  }

  /** @param workers at least 1 */
  static create(workers: number): Watches {
    const buffer = new SharedArrayBuffer((ROWS + workers * ROW_WORDS) * 4);
    return new Watches({ buffer, workers });
  }

  static attach(handle: WatchesHandle): Watches {
    return new Watches(handle);
  }

  /** A worker's side. @param map as attached in its thread @throws {RangeError} when there is no such worker */
  watcherOf(worker: number, map: SharedCache): Watcher {
    const { workers } = this.handle;
    if (!(worker >= 0 && worker < workers)) throw new RangeError(`no worker ${worker} of ${workers}`);
    return new Watcher(this.#words, worker, workers, map);
  }

  changed(hash: number): void {
    const words = this.#words;
    if (Atomics.load(words, WATCHED) === 0) return;
    for (let i = 0; i < PROBES; i++) {
      const slot = (hash + i) & SLOT_MASK;
      if (Atomics.load(words, HASHES + slot) === hash) Atomics.add(words, VERSIONS + slot, 1);
    }
    if (Atomics.load(words, CROWDED) !== 0) Atomics.add(words, VERSIONS + CROWD, 1);
  }

  /** Ends all watches of a worker whose thread is gone, before there is another one in its place. */
  release(worker: number): void {
    const words = this.#words;
    const row = rowOf(worker);
    Atomics.sub(words, CROWDED, Atomics.load(words, row + CROWD));
    Atomics.sub(words, WATCHED, Atomics.load(words, row + ROW_TOTAL));
    for (let word = row; word <= row + ROW_TOTAL; word++) Atomics.store(words, word, 0);
  }
}

/** One worker's watches. */
export class Watcher {
  readonly #words: Int32Array;
  readonly #row: number;
  readonly #workers: number;
  readonly #map: SharedCache;
  readonly #key: KeyBuffer;

  constructor(words: Int32Array, worker: number, workers: number, map: SharedCache) {
    this.#words = words;
    this.#row = rowOf(worker);
    this.#workers = workers;
    this.#map = map;
    this.#key = new KeyBuffer(hashSecrets(map.handle.seed));
  }

  /**
   * Begins to watch a key. To be called inside `turn.exclusively`, of a key that was settled before; ends with `unwatch`.
   *
   * @param key 1 to 512 bytes, copied
   */
  watch(key: Uint8Array): Watched {
    const words = this.#words;
    this.#key.load(key);
    const slot = this.#slotFor(this.#key.hash);
    // The sums are never too low, wherever a thread dies: too high they only cost writers time.
    this.#countInAll(slot, 1);
    this.#countInRow(slot, 1);
    return {
      key: Uint8Array.from(key),
      slot,
      version: Atomics.load(words, VERSIONS + slot),
      hadValue: this.#hasValue(key),
    };
  }

  /**
   * Whether the key was written or deleted since it was watched, or its value has expired or was evicted. To be called
   * inside `turn.exclusively`, before `unwatch`.
   */
  isChanged({ key, slot, version, hadValue }: Watched): boolean {
    if (Atomics.load(this.#words, VERSIONS + slot) !== version) return true;
    return hadValue && !this.#hasValue(key);
  }

  /** Ends a watch; to be called once, at any time. */
  unwatch({ slot }: Watched): void {
    this.#countInRow(slot, -1);
    this.#countInAll(slot, -1);
  }

  /** The slot of a hash, or one that nobody watches; CROWD when there is none. */
  #slotFor(hash: number): number {
    const words = this.#words;
    let unwatched = CROWD;
    for (let i = PROBES - 1; i >= 0; i--) {
      const slot = (hash + i) & SLOT_MASK;
      if (Atomics.load(words, HASHES + slot) === hash) return slot;
      if (!this.#isWatched(slot)) unwatched = slot;
    }
    if (unwatched !== CROWD) Atomics.store(words, HASHES + unwatched, hash);
    return unwatched;
  }

  #isWatched(slot: number): boolean {
    for (let worker = 0; worker < this.#workers; worker++) {
      if (Atomics.load(this.#words, rowOf(worker) + slot) !== 0) return true;
    }
    return false;
  }

  /** Adds to the sums of all workers. */
  #countInAll(slot: number, by: 1 | -1): void {
    Atomics.add(this.#words, WATCHED, by);
    if (slot === CROWD) Atomics.add(this.#words, CROWDED, by);
  }

  /** Adds to what `release` takes back from the sums. */
  #countInRow(slot: number, by: 1 | -1): void {
    Atomics.add(this.#words, this.#row + ROW_TOTAL, by);
    Atomics.add(this.#words, this.#row + slot, by);
  }

  #hasValue(key: Uint8Array): boolean {
    return this.#map.entries.hasRange(key, 0, key.length);
  }
}

function rowOf(worker: number): number {
  return ROWS + worker * ROW_WORDS;
}
