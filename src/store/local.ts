/**
 * The map with nothing behind it. While a data file is being loaded, a key that is not there yet is waited for, so
 * that nobody is told it does not exist.
 */
import type { SharedCache } from '../../shards/index.js';
import { keySampler } from '../telemetry/key-sampler.js';
import type { ProcessState } from '../telemetry/process-state.js';
import type { StoreKey } from './backing-store.js';
import { LOAD_WAIT_LIMIT, moreLoaded } from './load-wait.js';
import {
  ABSENT,
  type ImmediateCache,
  type ReadResult,
  type SettlingCache,
  UNCERTAIN,
  ValueTooLargeError,
} from './tiered.js';
import { type Turn, Turnstile } from './turnstile.js';

export class LocalCache implements SettlingCache, ImmediateCache {
  constructor(
    readonly map: SharedCache,
    private readonly state: ProcessState,
    /** The worker's; absent: no other thread has commands over several keys. */
    private readonly turn: Turn = Turnstile.create(1).turnOf(0),
    /** Milliseconds; another one than the default is for tests. */
    private readonly loadWaitLimit: number = LOAD_WAIT_LIMIT,
  ) {}

  /**
   * The value of a key; `undefined` when it has none. A promise is returned only when the answer has to be
   * waited for.
   *
   * @throws {StoreUnavailableError} when the data file is still being loaded after {@link LOAD_WAIT_LIMIT}
   */
  get(key: StoreKey): ReadResult | undefined | Promise<ReadResult | undefined> {
    if (keySampler.isOn) keySampler.note(key);
    return this.state.loaded ? this.#hit(key) : this.#getDuringLoad(key);
  }

  /**
   * Stores a value.
   *
   * @param ttl time to live in milliseconds; absent: the map's default
   * @throws {ValueTooLargeError} when it can never fit
   */
  set(key: StoreKey, value: Uint8Array, ttl?: number): void | Promise<void> {
    if (keySampler.isOn) keySampler.note(key);
    if (!this.turn.within(() => this.map.set(key, value, ttl === undefined ? {} : { ttl }))) {
      throw new ValueTooLargeError(`a value of ${value.byteLength} bytes does not fit into the cache`);
    }
  }

  readInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    // Asked before the look for the key, as in `#getDuringLoad`.
    const { loaded } = this.state;
    const { entries } = this.map;
    const length = this.#copyInto(key, start, end, target, place);
    if (length === ABSENT && !loaded) return UNCERTAIN;
    if (length > target.length - place) return length;
    if (length === ABSENT) entries.countMiss();
    else entries.countHit();
    if (keySampler.isOn) keySampler.noteRange(key, start, end);
    return length;
  }

  /** Without a function for `within`: the shortest way there is. */
  #copyInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    this.turn.enter();
    try {
      return this.map.entries.getRangeInto(key, start, end, target, place);
    } finally {
      this.turn.leave();
    }
  }

  writeFrom(
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    ttl?: number,
  ): boolean {
    if (keySampler.isOn) keySampler.noteRange(key, start, end);
    this.turn.enter();
    try {
      return this.map.setRange(key, start, end, value, valueStart, valueEnd, ttl);
    } finally {
      this.turn.leave();
    }
  }

  /**
   * Removes a key. True when it was there.
   *
   * @throws {StoreUnavailableError} when the data file is still being loaded after {@link LOAD_WAIT_LIMIT}: a
   *   key removed earlier could come back with a later line of the file
   */
  delete(key: StoreKey): boolean | Promise<boolean> {
    if (keySampler.isOn) keySampler.note(key);
    return this.state.loaded ? this.#delete(key) : this.#deleteAfterLoad(key);
  }

  expire(key: StoreKey, ttl: number): boolean | Promise<boolean> {
    if (keySampler.isOn) keySampler.note(key);
    return this.state.loaded ? this.#expire(key, ttl) : this.#expireAfterLoad(key, ttl);
  }

  settle(): void | Promise<void> {
    if (!this.state.loaded) return this.#untilLoaded();
  }

  #hit(key: StoreKey): ReadResult | undefined {
    const value = this.turn.within(() => this.map.get(key));
    return value === undefined ? undefined : { value, source: 'hit' };
  }

  #delete(key: StoreKey): boolean {
    return this.turn.within(() => this.map.delete(key));
  }

  #expire(key: StoreKey, ttl: number): boolean {
    return this.turn.within(() => this.map.expire(key, ttl));
  }

  async #getDuringLoad(key: StoreKey): Promise<ReadResult | undefined> {
    const deadline = performance.now() + this.loadWaitLimit;
    for (;;) {
      // Asked before the look for the key: only when the load was over by then, a miss is one.
      const { loaded } = this.state;
      // Looked for by `has`, which counts no miss.
      if (loaded || this.turn.within(() => this.map.has(key))) {
        const found = this.#hit(key);
        // What a later line has pushed out in between is waited for again: it is not known to be absent.
        if (loaded || found !== undefined) return found;
      }
      await moreLoaded(this.state, deadline);
    }
  }

  async #deleteAfterLoad(key: StoreKey): Promise<boolean> {
    await this.#untilLoaded();
    return this.#delete(key);
  }

  async #expireAfterLoad(key: StoreKey, ttl: number): Promise<boolean> {
    await this.#untilLoaded();
    return this.#expire(key, ttl);
  }

  async #untilLoaded(): Promise<void> {
    const deadline = performance.now() + this.loadWaitLimit;
    while (!this.state.loaded) await moreLoaded(this.state, deadline);
  }
}
