/**
 * What may stand behind the map: the interface between the coherent cache and Redis, a Redis Cluster or a data file.
 * A store is asked through a link. All that comes by one link in one session is told off by the same messages, so a
 * session is what a cached entry's right to be served hangs on: see sessions.ts.
 */

export type StoreKey = string | Uint8Array;

/** What a key has now. */
export interface Fetched {
  /** Private to the caller; undefined when the key is absent. */
  readonly value: Uint8Array | undefined;
  /** Milliseconds since the epoch, 0 = never. */
  readonly expiry: number;
  /** Whether it may be kept: a change that comes after it will be told, or nobody else changes the store. */
  readonly isCacheable: boolean;
}

/** What became of a write. */
export interface Written {
  /** Whether what was written may be kept, as in {@link Fetched}. */
  readonly isCacheable: boolean;
  /** Whether the store did it after all that was asked of the link before. */
  readonly isOrdered: boolean;
}

/** What became of a command that changes a key by what it has, and what the key has now. */
export interface Modified extends Written {
  readonly reply: unknown;
  readonly now: Fetched;
}

/**
 * A way to read a store, for one operation. Its methods, and those of a StoreLink, reject with
 *
 * - StoreUnavailableError when there is no answer, or none that says what became of the operation,
 * - RelocatedError when the key is to be asked for elsewhere,
 * - what the store itself said, when that is about the key or the command.
 */
export interface FetchLink {
  /** The session that replies come in, until the link is lost. */
  readonly session: number;
  /** The session that values are cached in: the same, or 0 for a store that nobody else changes. */
  readonly valueSession: number;
  fetch(key: StoreKey): Promise<Fetched>;
}

/** A way to read and write a store. */
export interface StoreLink extends FetchLink {
  /** @param ttl milliseconds, 0 = none. Resolves once the store has taken the value. */
  set(key: StoreKey, value: Uint8Array, ttl: number): Promise<Written>;
  delete(key: StoreKey): Promise<Written & { readonly existed: boolean }>;
  /** @param ttl milliseconds, 0 = none */
  expire(key: StoreKey, ttl: number): Promise<Modified>;
}

/** A store that can be read. */
export interface FetchStore {
  /**
   * The link that a key's operations go by now.
   *
   * @throws {StoreUnavailableError} when it is known to be out of reach
   * @throws {RelocatedError} while it is just being connected to
   */
  linkFor(key: StoreKey): FetchLink;
  /** Whether it is known, without asking, that the key is absent. */
  lacks(key: StoreKey): boolean;
}

export interface BackingStore extends FetchStore {
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

/** The key has moved: nothing was done, and the operation may be tried again once `settled` is. */
export class RelocatedError extends Error {
  override readonly name = 'RelocatedError';

  constructor(
    message: string,
    readonly settled: Promise<void>,
  ) {
    super(message);
  }
}
