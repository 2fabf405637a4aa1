/**
 * Writes whole entries into unpublished log space: small ones in one piece, large ones as a head and fragments.
 *
 * Until `finish`, the segments the entry lies in belong to this thread: one is open, further ones are claimed.
 * Whoever publishes the entry does so in between.
 */
import { isAligned } from './alignment.js';
import {
  fragmentCount,
  type HeadContent,
  headWords,
  NEVER,
  NO_LABEL,
  writeBytes,
  writeFragment,
  writeHead,
} from './entry.js';
import type { KeyBuffer } from './key-buffer.js';
import {
  FILLER_WORDS,
  FLAG_EXPIRES,
  FLAG_FRAGMENTED,
  FLAG_LABELLED,
  FRAGMENT_HEADER_WORDS,
} from './layout.js';
import { type Log, RESERVED_SEGMENTS, type RoomMaker } from './log.js';
import { closeAt, FREE, IN_USE, noteExpiry, release, setAge } from './segment.js';
import type { ShardView } from './shard-view.js';

const EMPTY = new Uint8Array(0);

/**
 * What an entry is to hold beside its key. A cache has one per thread, filled anew for each write, so that a write
 * makes no object.
 */
export class Draft implements HeadContent {
  /** The value lies in here, from `from` to before `to`. It is copied before the write returns. */
  value: Uint8Array = EMPTY;
  from = 0;
  to = 0;
  expiry = NEVER;
  label = NO_LABEL;
  flags = 0;

  get length(): number {
    return this.to - this.from;
  }

  /**
   * @param expiry milliseconds since the epoch, or NEVER
   * @param origin FLAG_BASELINE or 0
   * @param label a signed number of 32 bits; below 0: the entry is hidden
   */
  fill(value: Uint8Array, from: number, to: number, expiry: number, origin: number, label = NO_LABEL): this {
    this.value = value;
    this.from = from;
    this.to = to;
    this.expiry = expiry;
    this.label = label;
    this.flags = origin | (expiry === NEVER ? 0 : FLAG_EXPIRES) | (label === NO_LABEL ? 0 : FLAG_LABELLED);
    return this;
  }
}

export class Writer {
  readonly #view: ShardView;
  readonly #log: Log;
  /** Segments claimed for the fragments of the entry being written, and the words used in the last one. */
  #claimed: number[] = [];
  #usedOfLast = 0;

  constructor(view: ShardView, log: Log) {
    this.#view = view;
    this.#log = log;
  }

  /**
   * Writes an entry: its location, or 0 when there is no room.
   *
   * @param draft its value at most `maxValueBytes` long
   * @param stamp recency tick
   */
  write(key: KeyBuffer, draft: Draft, stamp: number, room: RoomMaker): number {
    if (this.#claimed.length > 0) this.#abandon();
    const { value, from, to, expiry } = draft;
    const before = headWords(key.length, draft.flags);
    const words = before + ((to - from + 3) >>> 2);
    if (words > this.#view.layout.pieceWords) return this.#writeFragmented(key, draft, stamp, room);
    const location = isAligned(to - from)
      ? this.#log.reserveAligned(words, before, room)
      : this.#log.reserve(words, room);
    if (location === 0) return 0;
    const at = writeHead(this.#view, location, key, draft, 0, stamp);
    writeBytes(this.#view, at, value, from, to);
    if (expiry !== NEVER) noteExpiry(this.#view, this.#view.segmentOf(location), expiry);
    this.#log.commit(words);
    return location;
  }

  /** Ends the write, once the entry was published or is given up: its segments become ordinary ones. */
  finish(): void {
    if (this.#claimed.length === 0) return;
    const last = this.#claimed.pop();
    for (const segment of this.#claimed) release(this.#view, segment, IN_USE);
    if (last !== undefined) this.#log.continueIn(last, this.#usedOfLast);
    this.#claimed = [];
  }

  /** Lets go of what a write that threw has left. Its last entry may be published: they become ordinary segments. */
  #abandon(): void {
    for (const segment of this.#claimed) release(this.#view, segment, IN_USE);
    this.#claimed = [];
  }

  #writeFragmented(key: KeyBuffer, draft: Draft, stamp: number, room: RoomMaker): number {
    const view = this.#view;
    const { length, expiry, flags } = draft;
    const count = fragmentCount(view.layout, length);
    const head = headWords(key.length, flags) + count;
    if (!this.#claimFor(head, count, room)) return 0;
    // Fragments follow the head, and are at multiples of 8 bytes if it ends there.
    if ((this.#log.reserve(head) + head) & 1) this.#log.fill();
    const location = this.#log.reserve(head);
    const list = writeHead(view, location, key, draft, FLAG_FRAGMENTED, stamp);
    const inOpen = this.#writeFragments(location + head, this.#log.room - head, list, key.hash, draft);
    if (expiry !== NEVER) noteExpiry(view, view.segmentOf(location), expiry);
    this.#log.commit(head + inOpen);
    return location;
  }

  /**
   * Writes the fragments of a value: into the `room` words from `at` on that are left in the open segment, then
   * into the claimed ones. Their locations go into the head's list. Returns the words used in the open segment.
   */
  #writeFragments(at: number, room: number, list: number, hash: number, draft: Draft): number {
    const view = this.#view;
    const { fragmentBytes, segmentWords } = view.layout;
    let next = at;
    let left = room;
    let inOpen = 0;
    let filling = -1;
    let place = list;
    for (let { from } = draft; from < draft.to; from += fragmentBytes) {
      const to = Math.min(draft.to, from + fragmentBytes);
      const size = FRAGMENT_HEADER_WORDS + ((to - from + 3) >>> 2);
      if (size > left) {
        this.#sealClaimed(filling, segmentWords - left);
        filling++;
        next = view.segmentStart(this.#claimed[filling] as number);
        left = segmentWords;
      }
      writeFragment(view, next, hash, draft.value, from, to);
      view.words[place++] = next;
      next += size;
      left -= size;
      if (filling === -1) inOpen += size;
    }
    this.#sealClaimed(filling, segmentWords - left);
    // Claimed for a last fragment of full size, which was smaller and fitted in before.
    for (const spare of this.#claimed.splice(filling + 1)) release(view, spare, FREE);
    return inOpen;
  }

  /** Before the entry is published: if this thread dies then, the next one finds every fragment. */
  #sealClaimed(index: number, used: number): void {
    const segment = this.#claimed[index];
    if (segment === undefined) return;
    setAge(this.#view, segment);
    closeAt(this.#view, segment, used);
    this.#usedOfLast = used;
  }

  /** Claims the segments that the fragments need beyond the open one. */
  #claimFor(head: number, fragments: number, room: RoomMaker): boolean {
    const { segmentWords, pieceWords } = this.#view.layout;
    const perSegment = segmentWords / pieceWords;
    for (let rounds = this.#log.patience; rounds > 0; rounds--) {
      const headFits = this.#log.room >= head + FILLER_WORDS;
      const roomForFragments = (headFits ? this.#log.room : segmentWords) - head - FILLER_WORDS;
      const beyond = Math.max(
        0,
        Math.ceil((fragments - Math.floor(roomForFragments / pieceWords)) / perSegment),
      );
      const wanted = beyond + (headFits ? 0 : 1);
      if (wanted === 0) return true;
      const claimed = this.#log.claimFree(wanted, RESERVED_SEGMENTS);
      if (claimed.length > 0) {
        if (!headFits) this.#log.continueIn(claimed.shift() ?? 0, 0);
        this.#claimed = claimed;
        return true;
      }
      room.makeRoom();
    }
    return false;
  }
}
