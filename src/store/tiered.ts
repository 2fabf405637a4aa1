/**
 * The cache as the servers see it: the shared map, and whatever stands behind it. While a data file is being
 * loaded, a key that is not there yet is waited for, so that nobody is told it does not exist.
 */
import type { SharedCache } from '../../shards/index.js';
import type { ProcessState } from '../telemetry/process-state.js';

/** Longest that a request waits for a key of a data file that is still being loaded, in milliseconds. */
export const LOAD_WAIT_LIMIT = 10_000;

/** How often a waiting request looks whether its key has been loaded, in milliseconds. */
const LOAD_POLL_INTERVAL = 10;

/** A value read: its bytes, private to the caller, and where they came from (the `x-cache` header). */
export interface ReadResult {
  readonly value: Uint8Array;
  readonly source: 'hit' | 'miss' | 'stale';
}

/** What is behind the map can't answer now. Servers turn it into 503 with `Retry-After`. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';

  constructor(
    message: string,
    /** Seconds after which it is worth trying again. */
    readonly retryAfter: number,
  ) {
    super(message);
  }
}

/** The value is larger than the map takes. Servers turn it into 413. */
export class ValueTooLargeError extends Error {
  override readonly name = 'ValueTooLargeError';
}

export class TieredCache {
  constructor(
    readonly map: SharedCache,
    private readonly state: ProcessState,
  ) {}

  /**
   * The value of a key; `undefined` when it has none. A promise is returned only when the answer has to be
   * waited for.
   *
   * @throws {StoreUnavailableError} when the data file is still being loaded after {@link LOAD_WAIT_LIMIT}
   */
  get(key: string): ReadResult | undefined | Promise<ReadResult | undefined> {
    return this.state.loaded ? this.#hit(key) : this.#getDuringLoad(key);
  }

  /**
   * Stores a value.
   *
   * @param ttl time to live in milliseconds; absent: the map's default
   * @throws {ValueTooLargeError} when it can never fit
   */
  set(key: string, value: Uint8Array, ttl?: number): void | Promise<void> {
    if (!this.map.set(key, value, ttl === undefined ? {} : { ttl })) {
      throw new ValueTooLargeError(`a value of ${value.byteLength} bytes does not fit into the cache`);
    }
  }

  /**
   * Removes a key. True when it was there.
   *
   * @throws {StoreUnavailableError} when the data file is still being loaded after {@link LOAD_WAIT_LIMIT}: a
   *   key removed earlier could come back with a later line of the file
   */
  delete(key: string): boolean | Promise<boolean> {
    return this.state.loaded ? this.map.delete(key) : this.#deleteAfterLoad(key);
  }

  #hit(key: string): ReadResult | undefined {
    const value = this.map.get(key);
    return value === undefined ? undefined : { value, source: 'hit' };
  }

  async #getDuringLoad(key: string): Promise<ReadResult | undefined> {
    const deadline = performance.now() + LOAD_WAIT_LIMIT;
    // Asked for by `has`, which counts no miss.
    while (!this.state.loaded && !this.map.has(key)) {
      if (performance.now() >= deadline) throw stillLoading();
      await this.state.untilLoaded(LOAD_POLL_INTERVAL);
    }
    // Either it is there, or the load was over before this look: then a miss is one.
    return this.#hit(key);
  }

  async #deleteAfterLoad(key: string): Promise<boolean> {
    const deadline = performance.now() + LOAD_WAIT_LIMIT;
    while (!this.state.loaded) {
      const left = deadline - performance.now();
      if (left <= 0) throw stillLoading();
      await this.state.untilLoaded(left);
    }
    return this.map.delete(key);
  }
}

function stillLoading(): StoreUnavailableError {
  return new StoreUnavailableError('the data file is still being loaded', 1);
}
