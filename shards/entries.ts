/**
 * The door for a tier above the map, one that keeps more about a key than its value: entries with labels, and hidden
 * ones, which are no values at all. A lease of a fetch, or the knowledge that a key is absent, is kept this way.
 */
import type { Attachment } from './attachment.js';
import type { Key } from './cache-types.js';
import { NEVER, NO_LABEL } from './entry.js';
import type { Expected, LabelledEntry } from './expected.js';
import { describe } from './key-buffer.js';
import { FLAG_BASELINE } from './layout.js';
import { checkExpiry, RangeCalls } from './range-calls.js';
import { randomKeyOf, scanKeys } from './scan.js';
import type { WriteOutcome } from './shard.js';
import { DELETES, HITS, MISSES, SETS } from './thread-slot.js';

/** What an entry is put with. */
export interface EntryOptions {
  /** Milliseconds since the epoch at which the entry expires; NEVER or absent: it does not. */
  readonly expiry?: number;
  /**
   * A signed whole number of 32 bits, of the caller's choice; 0 or absent: none. Below 0 the entry is hidden: to
   * `SharedCache`'s own calls its key is absent, it is not saved, and is counted as `hidden` alone.
   */
  readonly label?: number;
  /** Whether it comes from a data file, as with `setBaseline`: a later line of such a file may replace it. */
  readonly isBaseline?: boolean;
}

/**
 * Entries as they are, hidden or not. Nothing is counted as hit, miss, set or delete, as only the caller knows what a
 * call is for: it says so by the `count` calls.
 */
export class Entries extends RangeCalls {
  readonly #attachment: Attachment;

  constructor(attachment: Attachment) {
    super(attachment);
    this.#attachment = attachment;
  }

  /** A key's entry, with a copy of its value; undefined when there is none or it has expired. It counts as used. */
  read(key: Key): LabelledEntry | undefined {
    return this.#attachment.shardOf(key).read(this.#attachment.key);
  }

  /**
   * Stores an entry, in place of whatever the key has.
   *
   * @param expected when given, the key must have this entry, or one with the same value, expiry and label, or with
   *   ABSENT none that has not expired: otherwise the outcome is 'kept'
   * @returns 'no room' when it can never fit: the value is larger than `maxValueSize`, or than the memory
   * @throws {TypeError | RangeError} when key, value, expiry or label are not what they must be
   */
  put(key: Key, value: Uint8Array, options: EntryOptions, expected?: Expected): WriteOutcome {
    if (!(value instanceof Uint8Array)) {
      throw new TypeError(`value must be a Uint8Array, not ${describe(value)}`);
    }
    const { expiry = NEVER, label = NO_LABEL, isBaseline = false } = options;
    checkExpiry(expiry);
    if ((label | 0) !== label) {
      throw new RangeError(`label must be a signed whole number of 32 bits, not ${label}`);
    }
    const shard = this.#attachment.shardOf(key);
    // As one that is conditional, it may replace what is no baseline.
    const flags = isBaseline ? FLAG_BASELINE : 0;
    this.#attachment.draft.fill(value, 0, value.length, expiry, flags, label);
    return this.#attachment.write(shard, expected);
  }

  /**
   * Removes a key's entry. False when there is none that has not expired, or it is not the expected one.
   *
   * @param expected as for `put`
   */
  delete(key: Key, expected?: LabelledEntry): boolean {
    return this.#attachment.delete(this.#attachment.shardOf(key), expected) !== 'nothing';
  }

  /**
   * Visits some keys that have a value; any of them are visited exactly once in a whole scan if they have one from
   * its beginning to its end, whatever others do meanwhile. Hidden and expired ones are not.
   *
   * @param cursor 0 to begin, then what the call before returned; with any other number it ends, or goes on somewhere
   * @param count keys wanted, at least 1: it ends with the bucket that brings them, or after 10 × `count` empty buckets,
   *   at least 16,384
   * @param visit gets a copy of the key, and may use the cache
   * @returns the next cursor, a whole number; 0 at the end
   */
  scan(cursor: number, count: number, visit: (key: Uint8Array<ArrayBuffer>) => void): number {
    return scanKeys(this.#attachment.shards, cursor, count, visit);
  }

  /** A key that has a value, whichever; undefined when no key has. */
  randomKey(): Uint8Array<ArrayBuffer> | undefined {
    return randomKeyOf(this.#attachment.shards, (key) => this.hasRange(key, 0, key.length));
  }

  /** Whether a value of so many bytes can ever be stored. */
  fits(length: number): boolean {
    return length <= this.#attachment.layout.maxValueBytes;
  }

  countHit(): void {
    this.#attachment.thread.count(HITS);
  }

  countMiss(): void {
    this.#attachment.thread.count(MISSES);
  }

  countSet(): void {
    this.#attachment.thread.count(SETS);
  }

  countDelete(): void {
    this.#attachment.thread.count(DELETES);
  }
}
