/**
 * Makes room in the log: empties segments, by moving entries on or letting them go.
 *
 * Every entry is decided by itself, with one exchange of its slot. CRASH K3: a thread that dies in the middle leaves
 * a claimed segment of which some entries are gone and the others are still reachable; the next thread that looks
 * for room takes the claim over and empties the rest.
 */
import { isAligned } from './alignment.js';
import { bucketOf, replace, slotOf } from './bucket.js';
import {
  expiryOf,
  isExpired,
  keyLengthOf,
  keyStart,
  kindOf,
  markDead,
  recordWords,
  stampOf,
  valueLengthOf,
  valueStart,
} from './entry.js';
import { MOSTLY_DEAD, Pressure, WORTH_COMPACTING } from './eviction.js';
import type { ExpirySweep } from './expiry.js';
import type { EntryFate } from './fate.js';
import { type FragmentPlace, freeze, placeOf, thaw } from './fragments.js';
import { type HashSecrets, hashWords } from './hash.js';
import {
  ENTRY_HEADER_WORDS,
  FLAG_DEAD,
  FLAG_EXPIRES,
  FLAG_FRAGMENT,
  FLAG_FRAGMENTED,
  FRAGMENT_HASH,
  FRAGMENT_HEADER_WORDS,
} from './layout.js';
import type { Log, RoomMaker } from './log.js';
import { pause } from './pause.js';
import type { Recency } from './recency.js';
import { sampleScores } from './score-sample.js';
import {
  addDeadWords,
  claim,
  EMPTIED,
  IN_USE,
  noteExpiry,
  recoverOwn,
  release,
  reuse,
  usedWords,
} from './segment.js';
import type { ShardView } from './shard-view.js';
import { NONE, Survey } from './survey.js';
import { recoverDeadThreads } from './thread-slot.js';

/** No entry's score is high enough to go. */
const KEEP_ALL = Infinity;

/** Every entry's score is. */
const KEEP_NONE = 0;

/** Milliseconds that a writer sleeps when all segments are in other threads' hands. */
const WAIT_INTERVAL = 1;

/** Sleeps in which other threads are expected to give segments back, before entries are evicted all the same. */
const MOST_WAITS = 100;

/** As long as less than this part of the segments is closed, memory is not short, but in the hands of other writers. */
const LEAST_CLOSED = 1 / 2;

/** Segments that one call tries to empty, before it takes it that there is nowhere to move entries to. */
const ATTEMPTS = 16;

/** In place of a number of words that were moved: there was no room for a copy. */
const NO_ROOM = -1;

/** Why a segment was not emptied: another thread has it, or there was no room for copies. */
type Unemptied = 'taken' | 'given up';

/** Words up to which a loop is cheaper than a call to the built-in copy. */
const LOOP_COPY_WORDS = 32;

export class Reclaimer implements RoomMaker {
  readonly #view: ShardView;
  readonly #log: Log;
  readonly #secrets: HashSecrets;
  readonly #fate: EntryFate;
  readonly #recency: Recency;
  readonly #sweep: ExpirySweep;
  readonly #pressure = new Pressure();
  readonly #survey: Survey;
  /** Sleeps since a segment was last emptied without evicting anything. */
  #waits = 0;

  constructor(
    view: ShardView,
    log: Log,
    secrets: HashSecrets,
    fate: EntryFate,
    recency: Recency,
    sweep: ExpirySweep,
  ) {
    this.#view = view;
    this.#log = log;
    this.#secrets = secrets;
    this.#fate = fate;
    this.#recency = recency;
    this.#sweep = sweep;
    this.#survey = new Survey(view);
  }

  /** Keeps the log dense: memory that is mostly dead comes back before new memory is touched. */
  tidy(): void {
    const survey = this.#survey;
    survey.make();
    if (survey.gain >= MOSTLY_DEAD) this.#empty(survey.deadest, KEEP_ALL, false);
  }

  makeRoom(): void {
    this.#sweep.sweepNow();
    const survey = this.#survey;
    survey.make();
    if (survey.gain >= WORTH_COMPACTING) {
      this.#compact();
    } else if (survey.closed < this.#view.layout.segments * LEAST_CLOSED && this.#mayWait()) {
      this.#wait();
    } else if (survey.oldest !== NONE) {
      const freed = this.#empty(
        survey.oldest,
        this.#pressure.cutoff(sampleScores(this.#view, this.#recency)),
        true,
      );
      if (typeof freed === 'number') this.#pressure.learn(freed);
    } else {
      this.#log.close();
      // This thread has none now, unless a call of its own threw in the middle.
      recoverOwn(this.#view);
      recoverDeadThreads(this.#view.thread, this.#view.layout.threadSlots);
      pause(WAIT_INTERVAL);
    }
  }

  /**
   * Gains what is dead in some segment, without evicting anything.
   *
   * Other threads that do so at the same time may have taken the last free segments for their copies. Then another
   * segment is tried, as in one that is wholly dead there is nothing to copy; then this thread waits for what the others
   * free. Only if there is nothing to wait for, or it comes to nothing for long, entries are evicted for want of a
   * place to move them to.
   */
  #compact(): void {
    const survey = this.#survey;
    const { deadest } = survey;
    for (let attempts = 0; attempts < ATTEMPTS && survey.gain >= WORTH_COMPACTING; attempts++) {
      if (this.#empty(survey.deadest, KEEP_ALL, false) !== 'given up') return;
      survey.passOver(survey.deadest);
    }
    if (this.#mayWait()) this.#wait();
    else this.#empty(deadest, KEEP_ALL, true);
  }

  /** Whether other threads are about to give segments back, and were not waited for in vain for long. */
  #mayWait(): boolean {
    return this.#survey.isAwaited && this.#waits < MOST_WAITS;
  }

  #wait(): void {
    this.#waits++;
    pause(WAIT_INTERVAL);
  }

  /**
   * Empties a segment: lets go of entries with a score of `cutoff` and more, and moves the others.
   *
   * @param mayEvict whether those that there is no room for go; if not, the segment is given up
   * @returns the part of the segment that came free
   */
  #empty(segment: number, cutoff: number, mayEvict: boolean): number | Unemptied {
    const view = this.#view;
    if (!claim(view, segment, IN_USE)) return 'taken';
    const moved = this.#emptyClaimed(segment, cutoff, mayEvict);
    if (moved === NO_ROOM) {
      // Closed as before, and what was moved is counted as dead.
      release(view, segment, IN_USE);
      return 'given up';
    }
    release(view, segment, EMPTIED);
    reuse(view, segment);
    if (!mayEvict) this.#waits = 0;
    return 1 - moved / view.layout.segmentWords;
  }

  /** Returns the words that were moved, or NO_ROOM. */
  #emptyClaimed(segment: number, cutoff: number, mayEvict: boolean): number {
    const view = this.#view;
    const end = view.segmentStart(segment) + usedWords(view, segment);
    this.#recency.weights.refresh();
    let moved = 0;
    for (let at = view.segmentStart(segment); at < end; ) {
      const kind = kindOf(view, at);
      const size = recordWords(view, at, kind);
      if (!(kind & FLAG_DEAD)) {
        let settled = this.#settle(at, kind, cutoff);
        if (settled === NO_ROOM && !mayEvict) return NO_ROOM;
        while (settled === NO_ROOM) settled = this.#settle(at, kind, KEEP_NONE);
        moved += settled;
      }
      at += size;
    }
    return moved;
  }

  /** Moves or removes the entry that a record is, or is a fragment of. Returns the words that were moved, or NO_ROOM. */
  #settle(at: number, kind: number, cutoff: number): number {
    const view = this.#view;
    const { words } = view;
    // Another round only when another thread changed the entry in between.
    for (;;) {
      let moved: number | undefined;
      if (kind & FLAG_FRAGMENT) {
        const hash = words[at + FRAGMENT_HASH];
        const found = placeOf(view, bucketOf(view, hash), hash, at);
        if (found === undefined) return 0;
        moved = this.#letGo(found.slot, found.head, cutoff) ? 0 : this.#moveFragment(found, at, kind);
        view.thread.unpinWalk();
      } else {
        const hash = hashWords(this.#secrets, words, keyStart(at, kind), keyLengthOf(kind));
        const slot = slotOf(view, hash, at);
        if (slot === 0) return 0;
        moved = this.#letGo(slot, at, cutoff) ? 0 : this.#moveHead(slot, at);
      }
      if (moved !== undefined) return moved;
    }
  }

  /** Removes an entry that has expired, or whose score is high enough. True when it is gone. */
  #letGo(slot: number, head: number, cutoff: number): boolean {
    const view = this.#view;
    const { clock, weights } = this.#recency;
    if (isExpired(view, head, kindOf(view, head))) return this.#fate.remove(slot, head, 'expired');
    // The tick after the stamp: an entry that was used since the tick would look as old as can be.
    if (weights.scoreOf(stampOf(view, head), clock.now) < cutoff) return false;
    return this.#fate.remove(slot, head, 'evicted');
  }

  /** Moves an entry without its fragments. Returns its words, NO_ROOM, or undefined when it has changed. */
  #moveHead(slot: number, head: number): number | undefined {
    const view = this.#view;
    freeze(view, head);
    const kind = kindOf(view, head);
    const size = recordWords(view, head, kind);
    const copy = this.#copy(head, kind, size);
    if (copy === 0) return NO_ROOM;
    thaw(view, copy);
    this.#discard(replace(view, slot, head, copy) ? head : copy, kind, size);
    return Atomics.load(view.words, slot) === copy ? size : undefined;
  }

  /** Moves a fragment of a pinned head. Returns its words, NO_ROOM, or undefined when the entry has changed. */
  #moveFragment({ slot, head, place }: FragmentPlace, at: number, kind: number): number | undefined {
    const view = this.#view;
    if (Atomics.load(view.words, place) !== at) {
      return this.#moveHead(slot, head) === NO_ROOM ? NO_ROOM : undefined;
    }
    const size = recordWords(view, at, kind);
    const copy = this.#copy(at, kind, size);
    if (copy === 0) return NO_ROOM;
    // ORDER O5: fragment (plain stores), then its place in the list (atomic exchange). Pairs with the load of the
    // place by a reader.
    const isMoved = replace(view, place, at, copy);
    this.#discard(isMoved ? at : copy, kind, size);
    return isMoved ? size : undefined;
  }

  /** Counts a record as dead: the copy that was not published, or the original of one that was. */
  #discard(location: number, kind: number, size: number): void {
    addDeadWords(this.#view, this.#view.segmentOf(location), size);
    markDead(this.#view, location, kind);
  }

  /** A copy of a record at the end of the open segment; 0 when there is no room. */
  #copy(from: number, kind: number, size: number): number {
    const view = this.#view;
    const { words, halves } = view;
    const to = this.#reserveCopy(from, kind, size);
    if (to === 0) return 0;
    words[to] = words[from];
    halves[(to + 1) << 1] = kind;
    halves[((to + 1) << 1) + 1] = stampOf(view, from);
    if (size <= LOOP_COPY_WORDS) {
      for (let i = ENTRY_HEADER_WORDS; i < size; i++) words[to + i] = words[from + i];
    } else {
      words.copyWithin(to + ENTRY_HEADER_WORDS, from + ENTRY_HEADER_WORDS, from + size);
    }
    if (kind & FLAG_EXPIRES) noteExpiry(view, view.segmentOf(to), expiryOf(view, to, kind));
    this.#log.commit(size);
    return to;
  }

  /** Space for a copy, its data aligned if that of the original is: see alignment.ts. */
  #reserveCopy(from: number, kind: number, size: number): number {
    const view = this.#view;
    if (kind & FLAG_FRAGMENT) return this.#log.reserveAligned(size, FRAGMENT_HEADER_WORDS);
    if (kind & FLAG_FRAGMENTED || !isAligned(valueLengthOf(view, from))) return this.#log.reserve(size);
    return this.#log.reserveAligned(size, valueStart(from, kind) - from);
  }
}
