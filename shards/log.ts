/**
 * The log as one thread writes to it: its open segment of a shard, and the free ones it turns to next. How room is
 * made when there are none is not its business: see `reclaim.ts`.
 */
import { writeFiller } from './entry.js';
import { BUCKET_WORDS, FILLER_WORDS, SEGMENT_END, SEGMENT_STATE, SHARD_OVERFLOW_SEGMENT } from './layout.js';
import {
  addDeadWords,
  claim,
  closeOpen,
  EMPTIED,
  FREE,
  INDEX,
  likelyState,
  openSegment,
  release,
  reuse,
  setEnd,
} from './segment.js';
import type { ShardView } from './shard-view.js';

/** Segments that writers leave free, so that there is room to move entries into when others are emptied. */
export const RESERVED_SEGMENTS = 1;

/** No segment. */
const NONE = -1;

/**
 * Rounds in which a writer tries to get its segments, per segment of the shard, before it gives up. Many: what a
 * round frees may go to others, and who needs a dozen at once can lose hundreds of times in a row.
 */
const ROUNDS_PER_SEGMENT = 32;

/** Who frees segments for a writer that has none. */
export interface RoomMaker {
  /** Before a new segment is opened: empties one that is mostly dead, if there is one. */
  tidy(): void;
  /** Empties one segment, or waits a moment for another thread to do so. */
  makeRoom(): void;
}

export class Log {
  readonly #view: ShardView;
  #segment = NONE;
  #start = 0;
  /** Words used of the open segment. */
  #used = 0;

  constructor(view: ShardView) {
    this.#view = view;
  }

  /** Rounds of `makeRoom` after which there is none to be had. */
  get patience(): number {
    return this.#view.layout.segments * ROUNDS_PER_SEGMENT;
  }

  /**
   * Space for `words` words at the end of the open segment: its location. What is written there becomes part of
   * the log by `commit`.
   *
   * @param words at most a segment
   * @param room absent: the reserved segment may be used, and nothing is emptied
   * @returns 0 when there is no room
   */
  reserve(words: number, room?: RoomMaker): number {
    if (this.room < words && !this.#turnToNext(words, room)) return 0;
    return this.#start + this.#used;
  }

  /**
   * Space for a record whose data begins `before` words in, at a multiple of 8 bytes: see alignment.ts.
   *
   * @returns its location; 0 when there is no room
   */
  reserveAligned(words: number, before: number, room?: RoomMaker): number {
    const location = this.reserve(words + FILLER_WORDS, room);
    if (location === 0 || ((location + before) & 1) === 0) return location;
    this.fill();
    return location + FILLER_WORDS;
  }

  /** Appends a filler, for which there is room. */
  fill(): void {
    const view = this.#view;
    writeFiller(view, this.#start + this.#used);
    addDeadWords(view, this.#segment, FILLER_WORDS);
    this.commit(FILLER_WORDS);
  }

  /** Appends the `words` words that were written at the location last reserved. */
  commit(words: number): void {
    this.#used += words;
    setEnd(this.#view, this.#segment, this.#used);
  }

  /** Words left in the open segment. */
  get room(): number {
    return this.#segment === NONE ? 0 : this.#view.layout.segmentWords - this.#used;
  }

  /** Closes the open segment. */
  close(): void {
    if (this.#segment === NONE) return;
    closeOpen(this.#view, this.#segment, this.#used);
    this.#segment = NONE;
  }

  /** Goes on in a claimed segment that is filled up to `used` words. */
  continueIn(segment: number, used: number): void {
    this.close();
    openSegment(this.#view, segment, used);
    this.#segment = segment;
    this.#start = this.#view.segmentStart(segment);
    this.#used = used;
  }

  /**
   * Claims `count` free segments, leaving `reserved` others free. An empty list when there are not so many.
   * Emptied segments that nobody reads in any more become free on the way. The first ones are taken first: memory
   * that was in use before rather than fresh.
   */
  claimFree(count: number, reserved: number): number[] {
    const view = this.#view;
    const { segments } = view.layout;
    const claimed: number[] = [];
    let left = 0;
    for (let segment = 0; segment < segments; segment++) {
      if (claimed.length === count && left >= reserved) break;
      const state = likelyState(view, segment);
      if (state === FREE || (state === EMPTIED && reuse(view, segment))) {
        if (claimed.length === count) left++;
        else if (claim(view, segment, FREE)) claimed.push(segment);
      }
    }
    if (claimed.length === count && left >= reserved) return claimed;
    for (const one of claimed) release(view, one, FREE);
    return [];
  }

  /**
   * An empty overflow bucket: its word index, or 0 when no room can be made. Buckets are never given back: a
   * bucket that has overflowed once is likely to do so again.
   *
   * CRASH K7: dying before the bucket is chained loses its 64 bytes.
   */
  overflowBucket(room: RoomMaker): number {
    const view = this.#view;
    const { words, layout } = view;
    for (let rounds = this.patience; rounds > 0; rounds--) {
      const current = Atomics.load(words, SHARD_OVERFLOW_SEGMENT);
      if (current !== 0) {
        const segment = current - 1;
        const end = view.segmentRow(segment) + SEGMENT_END;
        if (Atomics.load(words, end) < layout.segmentWords) {
          const used = Atomics.add(words, end, BUCKET_WORDS);
          if (used < layout.segmentWords) return view.segmentStart(segment) + used;
        }
      }
      const [segment] = this.claimFree(1, RESERVED_SEGMENTS);
      if (segment === undefined) {
        room.makeRoom();
        continue;
      }
      const start = view.segmentStart(segment);
      words.fill(0, start, start + layout.segmentWords);
      setEnd(view, segment, 0);
      const state = view.segmentRow(segment) + SEGMENT_STATE;
      // No call in between: dying there would lose the segment.
      Atomics.store(words, state, INDEX);
      if (Atomics.compareExchange(words, SHARD_OVERFLOW_SEGMENT, current, segment + 1) !== current) {
        Atomics.store(words, state, FREE);
      }
    }
    return 0;
  }

  #turnToNext(words: number, room?: RoomMaker): boolean {
    room?.tidy();
    for (let rounds = this.patience; this.room < words; rounds--) {
      const [segment] = this.claimFree(1, room === undefined ? 0 : RESERVED_SEGMENTS);
      if (segment !== undefined) {
        this.continueIn(segment, 0);
      } else {
        if (room === undefined || rounds === 0) return false;
        room.makeRoom();
      }
    }
    return true;
  }
}
