/**
 * Removes expired entries without being asked for them, so that their memory comes back.
 *
 * Each segment notes the earliest second at which an entry in it expires, so a sweep walks only segments in which
 * something is due, as Segcache does with whole segments (Yang, Yue and Vinayak, "Segcache: a memory-efficient and
 * scalable in-memory key-value cache for small objects", NSDI 2021). Reads are exact without it: they look at the
 * entry's own expiry.
 *
 * A sweep is cut into slices of a millisecond, so no thread is held up for longer.
 */
import { slotOf } from './bucket.js';
import { expiryOf, isExpired, keyLengthOf, keyStart } from './entry.js';
import type { EntryFate } from './fate.js';
import { type HashSecrets, hashWords } from './hash.js';
import { FLAG_DEAD, FLAG_EXPIRES, FLAG_FRAGMENT } from './layout.js';
import { ageOf, earliestExpiry, isClosed, renoteExpiry, secondOf } from './segment.js';
import type { ShardView } from './shard-view.js';
import { walk } from './walk.js';

/** Milliseconds that a slice of a sweep takes. */
const SLICE = 1;
/** Records walked between two looks at the clock: each takes a microsecond at most. */
const RECORDS_PER_LOOK = 64;
/** Milliseconds for which `sweepNow` does nothing when there was nothing to do. */
const REST = 20;

export class ExpirySweep {
  readonly #view: ShardView;
  readonly #secrets: HashSecrets;
  readonly #fate: EntryFate;
  /** Where the sweep goes on: a segment, the offset in it, and its age when the sweep stopped there. */
  #segment = 0;
  #offset = 0;
  #age = 0;
  #restsUntil = 0;
  /** Records walked so far, in all segments: many have fewer than RECORDS_PER_LOOK. */
  #walked = 0;
  /** Entries removed so far. */
  #removed = 0;

  constructor(view: ShardView, secrets: HashSecrets, fate: EntryFate) {
    this.#view = view;
    this.#secrets = secrets;
    this.#fate = fate;
  }

  /** One slice for a writer that needs room. Returns the entries removed. */
  sweepNow(): number {
    const now = performance.now();
    if (now < this.#restsUntil) return 0;
    const before = this.#removed;
    this.sweepSlice();
    if (this.#removed === before) this.#restsUntil = now + REST;
    return this.#removed - before;
  }

  /** One slice. False when there is more to do. */
  sweepSlice(): boolean {
    const until = performance.now() + SLICE;
    const second = Math.floor(Date.now() / 1000);
    const { segments } = this.#view.layout;
    for (let looked = 0; looked < segments; looked++) {
      const noted = earliestExpiry(this.#view, this.#segment);
      if (noted !== 0 && noted <= second && !this.#sweepSegment(noted, until)) return false;
      this.#segment = (this.#segment + 1) % segments;
    }
    return true;
  }

  /** False when time ran out before the segment's end. */
  #sweepSegment(noted: number, until: number): boolean {
    const view = this.#view;
    const segment = this.#segment;
    // Who writes to an open one may be about to note an expiry: what is noted there stays.
    const age = ageOf(view, segment);
    const mayRenote = this.#offset === 0 && isClosed(view, segment);
    let left = 0;
    let isFirst = true;
    this.#offset = walk(
      view,
      segment,
      { offset: this.#offset, age: this.#age },
      (location, kind) => {
        if (isFirst) this.#age = ageOf(view, segment);
        isFirst = false;
        if ((kind & FLAG_EXPIRES) !== 0 && (kind & (FLAG_DEAD | FLAG_FRAGMENT)) === 0) {
          const gone = isExpired(view, location, kind) && this.#remove(location, kind);
          if (!gone) left = earlier(left, secondOf(expiryOf(view, location, kind)));
        }
        return ++this.#walked % RECORDS_PER_LOOK !== 0 || performance.now() < until;
      },
      () => {
        // Under the pin: in the life in which it was seen closed.
        if (mayRenote && ageOf(view, segment) === age) renoteExpiry(view, segment, noted, left);
      },
    );
    return this.#offset === 0;
  }

  /**
   * Removes the entry at a location in the segment being walked. False when it is not reachable: perhaps it was not
   * published yet, and will be.
   */
  #remove(location: number, kind: number): boolean {
    const view = this.#view;
    const hash = hashWords(this.#secrets, view.words, keyStart(location, kind), keyLengthOf(kind));
    const slot = slotOf(view, hash, location);
    if (slot === 0 || !this.#fate.remove(slot, location, 'expired')) return false;
    this.#removed++;
    return true;
  }
}

function earlier(second: number, other: number): number {
  return second === 0 ? other : Math.min(second, other);
}
