/**
 * The cache as the servers see it: the shared map, and whatever stands behind it. local.ts is the map alone,
 * coherent.ts the map with a store behind it.
 */
import type { SharedCache } from '../../shards/index.js';
import type { StoreCommand, StoreKey, StoreReply } from './backing-store.js';

export { RefusedError, StoreUnavailableError } from './backing-store.js';

/** A value read: its bytes, private to the caller, and where they came from (the `x-cache` header). */
export interface ReadResult {
  readonly value: Uint8Array;
  readonly source: 'hit' | 'miss' | 'stale';
}

/** The value is larger than the map takes. Servers turn it into 413. */
export class ValueTooLargeError extends Error {
  override readonly name = 'ValueTooLargeError';
}

/** What the store has under the key is no string. Servers turn it into 409, or `WRONGTYPE`. */
export class WrongTypeError extends Error {
  override readonly name = 'WrongTypeError';
}

/** What `readInto` says instead of a length: there is no value; only `get` can tell. */
export const ABSENT = -1;
export const UNCERTAIN = -2;

/**
 * What a cache can do at once, for keys and values that lie in larger buffers and without making an object. What it
 * can't, it leaves undone and uncounted: then {@link TieredCache} is to be asked.
 */
export interface ImmediateCache {
  /**
   * Copies the value of a key to `target` from `place` on.
   *
   * @param key holds the key, 1 to 512 bytes, from `start` to before `end`
   * @returns length of the value; more than there is room for: nothing was copied or counted. Or ABSENT, or UNCERTAIN
   */
  readInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number;

  /**
   * Stores a value that lies in `value` from `valueStart` to before `valueEnd`.
   *
   * @param ttl time to live in milliseconds, 0 = none; absent: the default
   * @returns whether it has been stored
   */
  writeFrom(
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    ttl?: number,
  ): boolean;
}

/** Where a method may return a promise, it does so only when the answer has to be waited for. */
export interface TieredCache {
  readonly map: SharedCache;

  /**
   * The value of a key; `undefined` when it has none.
   *
   * @throws {StoreUnavailableError} when what stands behind the map is needed and can't answer
   * @throws {WrongTypeError} when it has something else than a value
   */
  get(key: StoreKey): ReadResult | undefined | Promise<ReadResult | undefined>;

  /**
   * Stores a value.
   *
   * @param ttl time to live in milliseconds, 0 = none; absent: the default
   * @throws {ValueTooLargeError} when it can never fit
   * @throws {StoreUnavailableError} when what stands behind the map did not take it, or may not have
   */
  set(key: StoreKey, value: Uint8Array, ttl?: number): void | Promise<void>;

  /**
   * Removes a key. True when it was there.
   *
   * @throws {StoreUnavailableError} when what stands behind the map is needed and can't answer
   */
  delete(key: StoreKey): boolean | Promise<boolean>;

  /**
   * Gives a key another time to live. False when it is absent.
   *
   * @param ttl milliseconds, 0 = none
   * @throws {StoreUnavailableError} when what stands behind the map is needed and can't answer
   */
  expire(key: StoreKey, ttl: number): boolean | Promise<boolean>;
}

/**
 * A cache whose keys are in the map itself, for commands that change a key by what it has, or several keys at once: they
 * work on the map. With Redis behind the map there is none, as such commands are Redis's.
 */
export interface SettlingCache extends TieredCache {
  /**
   * Sees to it that the map itself is right for a key: holds its value if it has one, and nothing else will put one
   * there. To be asked before the command. A key that is settled once stays settled, so it is asked once per key and
   * command and not again after the promise: there are keys for which it always returns one.
   *
   * @returns undefined when the map is right already; otherwise a promise, after which it is
   * @throws {StoreUnavailableError} when what stands behind the map can't answer (the promise rejects)
   */
  settle(key: StoreKey): void | Promise<void>;
}

/** Keys of the store that are watched for changes until a transaction is run. */
export interface StoreWatch {
  /** Ends it. May be called more than once. */
  release(): void;
}

/**
 * A cache whose keys are the store's, for commands that change a key by what it has, or several keys at once: the store
 * runs them. All methods reject with
 *
 * - RefusedError or WrongTypeError: what the store said of the command, which it did not do,
 * - StoreUnavailableError: it can't answer, or did not say whether it has done it.
 */
export interface ThroughCache extends TieredCache, ImmediateCache {
  /** Has the store run a command that changes one key, its first word after the name, and keeps what that has then. */
  modify(command: StoreCommand): Promise<StoreReply>;
  /** Has the store run a command that changes no key. What it answers is not kept. */
  ask(command: StoreCommand): Promise<StoreReply>;
  /** Has the store run a command that changes several keys, of which nothing is kept. */
  change(command: StoreCommand): Promise<StoreReply>;
  /**
   * Has the store run commands together.
   *
   * @param written keys that they change
   * @returns their replies; null when a watched key has changed: then nothing was done
   */
  transact(
    commands: readonly StoreCommand[],
    written: readonly StoreKey[],
    watch?: StoreWatch,
  ): Promise<readonly StoreReply[] | null>;
  /**
   * Watches keys for changes, besides those that are watched already. What is read of them from now on is no older
   * than the watch.
   */
  watch(keys: readonly StoreKey[], watch?: StoreWatch): Promise<StoreWatch>;
}

/** What the servers of a worker ask: 'settle' in it says whether keys are in the map itself, or are the store's. */
export type WorkerCache = (SettlingCache & ImmediateCache) | ThroughCache;
