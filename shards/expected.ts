/** What a conditional write expects to find again: an entry as a read found it, or that there was none. */
import { NEVER, NO_LABEL } from './entry.js';

/** An entry as `read` found it, a value or hidden. */
export interface LabelledEntry {
  /** With the segment's age, different in each of its lives: no other entry of any time has the same pair. */
  readonly location: number;
  readonly age: number;
  /** Private to the caller. It must not change as long as a conditional write may be made with this entry. */
  readonly value: Uint8Array<ArrayBuffer>;
  /** Milliseconds since the epoch, or NEVER. */
  readonly expiry: number;
  /** A signed number of 32 bits; below 0: the entry is hidden. 0: it has none. */
  readonly label: number;
}

/** What a conditional write expects when `read` found nothing. */
export const ABSENT = 'absent';

export type Expected = LabelledEntry | Got | typeof ABSENT;

/**
 * What `getInto` found last, for who makes no object per read. A shard has one per thread, filled anew by each
 * `getInto`.
 */
export class Got {
  /** Bytes of the value; -1: there was none, though there may have been something hidden. */
  length = -1;
  expiry = NEVER;
  label = NO_LABEL;
  /** As in {@link LabelledEntry}. */
  location = 0;
  age = 0;
  /** Of the key. */
  hash = 0;
  #target: Uint8Array = new Uint8Array(0);
  #place = 0;

  /** Notes that there is no value. */
  nothing(hash: number): -1 {
    this.hash = hash;
    this.length = -1;
    return -1;
  }

  /** Notes where the value is copied to, if it fits there. */
  copiedTo(target: Uint8Array, place: number): void {
    this.#target = target;
    this.#place = place;
  }

  /** The value, as it lies where the caller had it copied to; undefined when it did not fit there. */
  get value(): Uint8Array | undefined {
    const end = this.#place + this.length;
    return end <= this.#target.length ? this.#target.subarray(this.#place, end) : undefined;
  }
}
