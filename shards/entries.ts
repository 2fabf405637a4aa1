/**
 * The door for a tier above the map, one that keeps more about a key than its value: entries with labels, and hidden
 * ones, which are no values at all. A lease of a fetch, or the knowledge that a key is absent, is kept this way.
 */
import type { Attachment } from './attachment.js';
import type { Key } from './cache-types.js';
import { NEVER, NO_LABEL } from './entry.js';
import { describe } from './key-buffer.js';
import { FLAG_BASELINE } from './layout.js';
import type { Expected, LabelledEntry, WriteOutcome } from './shard.js';
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
export class Entries {
  /** Of the value that `getRangeInto` found last. */
  gotLabel = NO_LABEL;
  gotExpiry = NEVER;
  readonly #attachment: Attachment;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
  }

  /** A key's entry, with a copy of its value; undefined when there is none or it has expired. It counts as used. */
  read(key: Key): LabelledEntry | undefined {
    return this.#attachment.shardOf(key).read(this.#attachment.key);
  }

  /**
   * Copies a key's value to `target` from `place` on, without making an object; it counts as used. Label and expiry are
   * in `gotLabel` and `gotExpiry` until the next call.
   *
   * @param bytes holds the key from `start` to before `end`
   * @param target private memory; what is in it stays when the value does not fit
   * @returns length of the value in bytes, whether it fitted or not; -1 when there is none or it is hidden
   */
  getRangeInto(bytes: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    const shard = this.#attachment.shardOfRange(bytes, start, end);
    const length = shard.getInto(this.#attachment.key, target, place);
    this.gotLabel = shard.gotLabel;
    this.gotExpiry = shard.gotExpiry;
    return length;
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
    if (!(Number.isSafeInteger(expiry) && expiry >= 0)) {
      throw new RangeError(`expiry must be whole milliseconds since the epoch, not ${expiry}`);
    }
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
    return this.#attachment.shardOf(key).delete(this.#attachment.key, expected) !== 'nothing';
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
