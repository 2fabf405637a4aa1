/**
 * Calls for who makes no object per command: the key lies in a larger buffer, from `start` to before `end`, 1 to 512
 * bytes; so does a value that is put. Nothing is counted as hit, miss, set or delete: that is the caller's.
 */
import type { Attachment } from './attachment.js';
import { NEVER, NO_LABEL } from './entry.js';
import type { Got } from './expected.js';
import type { Shard, WriteOutcome } from './shard.js';

export class RangeCalls {
  /** Of the value that `getRangeInto` found last. */
  gotLabel = NO_LABEL;
  gotExpiry = NEVER;
  /** What `getRangeInto` found last. */
  #got: Got | undefined;
  readonly #attachment: Attachment;

  constructor(attachment: Attachment) {
    this.#attachment = attachment;
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
    const { got } = shard;
    this.#got = got;
    this.gotLabel = got.label;
    this.gotExpiry = got.expiry;
    return length;
  }

  /**
   * Stores a value if the key still has what the last `getRangeInto`, which must have been for this key, found: the
   * same entry, or one with the same value, expiry and label, since what is written depends on nothing else; after -1
   * still no value. Otherwise the outcome is 'kept'. Other calls may come in between, except for those that copy a value,
   * too: the cache's `getInto` and `getString`.
   *
   * The copy that `getRangeInto` made must lie unchanged where it was put, as an entry that was moved meanwhile, to make
   * room for this write even, is known by its value. The new value may be that copy itself, or contain it (APPEND), but
   * not be written over it: a lost update would be the outcome. What did not fit was not copied: then an entry that was
   * moved counts as another one, and reading again helps.
   *
   * @param value holds the value from `valueStart` to before `valueEnd`
   * @param expiry milliseconds since the epoch, NEVER = none
   * @returns 'no room' when it can never fit
   * @throws {RangeError} when the last `getRangeInto` was for another key, or key or expiry are not what they must be
   */
  putRangeIfUnchanged(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiry: number,
  ): WriteOutcome {
    const shard = this.#drafted(bytes, keyStart, keyEnd, value, valueStart, valueEnd, expiry);
    return this.#attachment.write(shard, this.#gotIn(shard));
  }

  /**
   * Stores a value, in place of whatever the key has. Parameters as for `putRangeIfUnchanged`.
   *
   * @returns 'stored', or 'no room' when it can never fit
   * @throws {RangeError} when key or expiry are not what they must be
   */
  putRange(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiry: number,
  ): WriteOutcome {
    const shard = this.#drafted(bytes, keyStart, keyEnd, value, valueStart, valueEnd, expiry);
    return this.#attachment.write(shard);
  }

  /** Removes what is under a key, hidden or not. True when it had a value. */
  deleteRange(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#attachment.delete(this.#attachment.shardOfRange(bytes, start, end)) === 'value';
  }

  /**
   * Removes a key's value if the key still has what the last `getRangeInto`, which must have been for this key, found:
   * see `putRangeIfUnchanged`. False when it has something else by now, or nothing.
   *
   * @throws {RangeError} when the last `getRangeInto` was for another key
   */
  deleteRangeIfUnchanged(bytes: Uint8Array, start: number, end: number): boolean {
    const shard = this.#attachment.shardOfRange(bytes, start, end);
    return this.#attachment.delete(shard, this.#gotIn(shard)) === 'value';
  }

  /** Whether a key has a value. It does not count as used. */
  hasRange(bytes: Uint8Array, start: number, end: number): boolean {
    return this.expiryRange(bytes, start, end) >= 0;
  }

  /** The same, and it counts as used. */
  touchRange(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#attachment.shardOfRange(bytes, start, end).touch(this.#attachment.key);
  }

  /**
   * When a key's value expires, in milliseconds since the epoch; NEVER (0) when it does not, -1 when there is none. It
   * does not count as used.
   */
  expiryRange(bytes: Uint8Array, start: number, end: number): number {
    return this.#attachment.shardOfRange(bytes, start, end).expiry(this.#attachment.key);
  }

  /** Length of a key's value in bytes; -1 when there is none. It does not count as used. */
  valueLengthRange(bytes: Uint8Array, start: number, end: number): number {
    return this.#attachment.shardOfRange(bytes, start, end).valueLength(this.#attachment.key);
  }

  /** What the last `getRangeInto`, for the loaded key, found. */
  #gotIn(shard: Shard): Got {
    const got = this.#got;
    if (got === shard.got && got.hash === this.#attachment.key.hash) return got;
    throw new RangeError('the last getRangeInto must be for the key of this call');
  }

  /** The shard of a key, which is loaded; the draft is filled. */
  #drafted(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiry: number,
  ): Shard {
    checkExpiry(expiry);
    const shard = this.#attachment.shardOfRange(bytes, keyStart, keyEnd);
    this.#attachment.draft.fill(value, valueStart, valueEnd, expiry, 0);
    return shard;
  }
}

/** @throws {RangeError} when it is no time, or NEVER */
export function checkExpiry(expiry: number): void {
  if (Number.isSafeInteger(expiry) && expiry >= 0) return;
  throw new RangeError(`expiry must be whole milliseconds since the epoch, not ${expiry}`);
}
