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
  /** As in {@link StoreReply}; of no meaning when it was refused. */
  readonly reply: unknown;
  /** Why the store did not do it, in its own words. */
  readonly refusal?: string;
  readonly now: Fetched;
}

/** A command of the store's own. */
export interface StoreCommand {
  /** Its name first. Private to whoever runs it. */
  readonly words: readonly (string | Buffer)[];
  /** Indexes of the words that are keys, as hotshard knows them: the store's own names for them are not known here. */
  readonly keys: readonly number[];
}

/**
 * What the store answers to a command of its own: a Buffer is a string or a status, a string is an integer, null is no
 * value. In a list, an Error is one that the store told of.
 */
export type StoreReply = Buffer | string | null | Error | readonly StoreReply[];

/** A connection by which the store is asked whether some keys have changed until a transaction is run on it. */
export interface WatchLink {
  /** Watches these keys too. Rejects as a StoreLink's methods do, and then may have watched them. */
  watch(keys: readonly StoreKey[]): Promise<void>;
  /** As `StoreLink.transact`; null: a key has changed, and nothing was done. Ends all watches. */
  transact(commands: readonly StoreCommand[]): Promise<readonly StoreReply[] | null>;
  /** Gives the connection back. May be called more than once. */
  release(): void;
}

/**
 * A way to read a store, for one operation. Its methods, and those of a StoreLink, reject with
 *
 * - StoreUnavailableError when there is no answer, or none that says what became of the operation,
 * - RelocatedError when the key is to be asked for elsewhere,
 * - RefusedError, or WrongTypeError, with what the store itself said, when that is about the key or the command.
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
  /** Runs a command that changes its key, which is its first word after the name, and reads what the key has then. */
  modify(command: StoreCommand): Promise<Modified>;
  /** Runs a command, whatever it is. */
  run(command: StoreCommand): Promise<StoreReply>;
  /** Runs commands together, so that nobody sees a part of it. */
  transact(commands: readonly StoreCommand[]): Promise<readonly StoreReply[]>;
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
  /** Whether one link serves all these keys, now and whatever happens: they may be in one transaction. */
  areTogether(keys: readonly StoreKey[]): boolean;
  /**
   * A connection to watch keys by that are where this one is.
   *
   * @throws {StoreUnavailableError} when it is out of reach
   * @throws {RefusedError} when as many are in use as there may be
   */
  openWatch(key: StoreKey): Promise<WatchLink>;
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

/** The store will not do what it was asked: in its own words, a code in capitals, a blank, text. Nothing was done. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
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
