/**
 * What may stand behind the map: the interface between the coherent cache and Redis, a Redis Cluster or a data file.
 * A store is asked through a link. All that comes by one link in one session is told off by the same messages, so a
 * session is what a cached entry's right to be served hangs on: see sessions.ts.
 */

export type StoreKey = string | Uint8Array;

/** A value and when it expires, in milliseconds since the epoch; 0 = never. */
export interface StoredValue {
  /** Private to the caller. */
  readonly value: Uint8Array;
  readonly expiry: number;
}

/** A way to a store, for one operation. Its methods reject with StoreUnavailableError, or with the store's answer. */
export interface StoreLink {
  /** The session in which replies come, until the link is lost: 0 for a store that nobody else changes. */
  readonly session: number;
  /** Whether a change of a key that was absent is told of, so that the absence may be remembered. */
  readonly tracksAbsence: boolean;
  /** Undefined when the key is absent. */
  fetch(key: StoreKey): Promise<StoredValue | undefined>;
  /** @param ttl milliseconds, 0 = none. Resolves once the store has taken the value. */
  set(key: StoreKey, value: Uint8Array, ttl: number): Promise<void>;
  /**
   * Resolves with whether the key was there.
   *
   * @param wasCached whether the map had a value: a store that does not hold what was written can't know
   */
  delete(key: StoreKey, wasCached: boolean): Promise<boolean>;
}

export interface BackingStore {
  /**
   * The link that a key's operations go by now.
   *
   * @throws {StoreUnavailableError} when it is known to be out of reach
   */
  linkFor(key: StoreKey): StoreLink;
}

/** What is behind the map can't answer now. Servers turn it into 503 with `Retry-After`. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';

  constructor(
    message: string,
    /** Seconds after which it is worth trying again. */
    readonly retryAfter: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
