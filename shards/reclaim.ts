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
import { MOSTLY_DEAD, Pressure, SCORE_SAMPLE, WORTH_COMPACTING } from './eviction.js';
import type { ExpirySweep } from './expiry.js';
import type { EntryFate, Removal } from './fate.js';
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
import {
  addDeadWords,
  claim,
  EMPTIED,
  factsOf,
  IN_USE,
  noteExpiry,
  recoverFromDead,
  recoverOwn,
  release,
  reuse,
  type SegmentFacts,
  usedWords,
} from './segment.js';
import type { ShardView } from './shard-view.js';
import { forEachPinned, recoverDeadThreads } from './thread-slot.js';
import { FROM_START, walk } from './walk.js';

/** No entry's score is high enough to go. */
const KEEP_ALL = Infinity;

/** Milliseconds that a writer sleeps when all segments are in other threads' hands. */
const WAIT_INTERVAL = 1;

/** Milliseconds between two looks for segments that dead threads have left. */
const OWNER_CHECK_INTERVAL = 100;

/** No segment. */
const NONE = -1;

/** Words up to which a loop is cheaper than a call to the built-in copy. */
const LOOP_COPY_WORDS = 32;

/** Records looked at per segment when scores are sampled. */
const RECORDS_PER_SAMPLE = 16;

/** Segments worth emptying: the deadest with its dead part, and the oldest. */
interface Survey {
  deadest: number;
  gain: number;
  oldest: number;
  oldestAge: number;
}

export class Reclaimer implements RoomMaker {
  readonly #view: ShardView;
  readonly #log: Log;
  readonly #secrets: HashSecrets;
  readonly #fate: EntryFate;
  readonly #recency: Recency;
  readonly #sweep: ExpirySweep;
  readonly #pressure = new Pressure();
  /** Per segment, 1 when somebody may be reading in it. Filled anew by each survey. */
  readonly #pinned: Uint8Array;
  #nextOwnerCheck = 0;

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
    this.#pinned = new Uint8Array(view.layout.segments);
  }

  /** Keeps the log dense: memory that is mostly dead comes back before new memory is touched. */
  tidy(): void {
    const { deadest, gain } = this.#survey();
    if (deadest !== NONE && gain >= MOSTLY_DEAD) this.#empty(deadest, KEEP_ALL);
  }

  makeRoom(): void {
    this.#sweep.sweepNow();
    const { deadest, gain, oldest } = this.#survey();
    if (deadest !== NONE && gain >= WORTH_COMPACTING) {
      this.#empty(deadest, KEEP_ALL);
    } else if (oldest !== NONE) {
      const freed = this.#empty(oldest, this.#pressure.cutoff(this.#sampleScores()));
      if (freed !== undefined) this.#pressure.learn(freed);
    } else {
      this.#log.close();
      // This thread has none now, unless a call of its own threw in the middle.
      recoverOwn(this.#view);
      recoverDeadThreads(this.#view.thread, this.#view.layout.threadSlots);
      pause(WAIT_INTERVAL);
    }
  }

  /**
   * The deadest and the oldest of the closed segments: among those that nobody may be
   * reading in, if there are such. Segments of dead threads are met here, and closed.
   */
  #survey(): Survey {
    const view = this.#view;
    const { thread, layout, shard } = view;
    // This thread reads nothing now, so its own pin need not stand in its way.
    thread.pinForRead(0);
    const pinned = this.#pinned.fill(0);
    forEachPinned(thread.control, layout.threadSlots, shard, (segment) => {
      pinned[segment] = 1;
    });
    if (this.#ownersAreDue()) {
      recoverDeadThreads(thread, layout.threadSlots);
      recoverFromDead(view);
    }
    const unpinned: Survey = { deadest: NONE, gain: 0, oldest: NONE, oldestAge: 0 };
    const any: Survey = { deadest: NONE, gain: 0, oldest: NONE, oldestAge: 0 };
    for (let segment = 0; segment < layout.segments; segment++) {
      const facts = factsOf(view, segment);
      if (!facts.isClosed) continue;
      compare(any, segment, facts);
      if (pinned[segment] === 0) compare(unpinned, segment, facts);
    }
    return unpinned.oldest === NONE ? any : unpinned;
  }

  /** Asking the system about each owner is slow, and deaths are rare: once in a while is enough. */
  #ownersAreDue(): boolean {
    const now = performance.now();
    if (now < this.#nextOwnerCheck) return false;
    this.#nextOwnerCheck = now + OWNER_CHECK_INTERVAL;
    return true;
  }

  /**
   * Empties a segment: lets go of entries with a score of `cutoff` and more, and of those that there is no room for, and
   * moves the others. Returns the part of the segment that came free, or undefined when another thread has it.
   */
  #empty(segment: number, cutoff: number): number | undefined {
    const view = this.#view;
    if (!claim(view, segment, IN_USE)) return undefined;
    const moved = this.#emptyClaimed(segment, cutoff);
    return 1 - moved / view.layout.segmentWords;
  }

  #emptyClaimed(segment: number, cutoff: number): number {
    const view = this.#view;
    const end = view.segmentStart(segment) + usedWords(view, segment);
    const tick = this.#recency.clock.now;
    this.#recency.weights.refresh();
    let moved = 0;
    for (let at = view.segmentStart(segment); at < end; ) {
      const kind = kindOf(view, at);
      const size = recordWords(view, at, kind);
      if (!(kind & FLAG_DEAD)) moved += this.#settle(at, kind, cutoff, tick);
      at += size;
    }
    release(view, segment, EMPTIED);
    reuse(view, segment);
    return moved;
  }

  /** Moves or removes the entry that a record is, or is a fragment of. Returns the words that were moved. */
  #settle(at: number, kind: number, cutoff: number, tick: number): number {
    const view = this.#view;
    const { words } = view;
    // Another round only when another thread changed the entry in between.
    for (;;) {
      let moved: number | undefined;
      if (kind & FLAG_FRAGMENT) {
        const hash = words[at + FRAGMENT_HASH];
        const found = placeOf(view, bucketOf(view, hash), hash, at);
        if (found === undefined) return 0;
        moved = this.#letGo(found.slot, found.head, cutoff, tick) ? 0 : this.#moveFragment(found, at, kind);
        view.thread.unpinWalk();
      } else {
        const hash = hashWords(this.#secrets, words, keyStart(at, kind), keyLengthOf(kind));
        const slot = slotOf(view, hash, at);
        if (slot === 0) return 0;
        moved = this.#letGo(slot, at, cutoff, tick) ? 0 : this.#moveHead(slot, at);
      }
      if (moved !== undefined) return moved;
    }
  }

  /** Removes an entry that has expired, or whose score is high enough. True when it is gone. */
  #letGo(slot: number, head: number, cutoff: number, tick: number): boolean {
    const view = this.#view;
    if (isExpired(view, head, kindOf(view, head))) return this.#fate.remove(slot, head, 'expired');
    if (this.#recency.weights.scoreOf(stampOf(view, head), tick) < cutoff) return false;
    return this.#fate.remove(slot, head, 'evicted');
  }

  /** Moves an entry without its fragments; removes it when there is no room. Undefined when it has changed. */
  #moveHead(slot: number, head: number): number | undefined {
    const view = this.#view;
    freeze(view, head);
    const kind = kindOf(view, head);
    const size = recordWords(view, head, kind);
    const copy = this.#copy(head, kind, size);
    if (copy === 0) return this.#remove(slot, head, 'evicted');
    thaw(view, copy);
    this.#discard(replace(view, slot, head, copy) ? head : copy, kind, size);
    return Atomics.load(view.words, slot) === copy ? size : undefined;
  }

  /** Moves a fragment of a pinned head; removes the entry when there is no room. Undefined when it has changed. */
  #moveFragment({ slot, head, place }: FragmentPlace, at: number, kind: number): number | undefined {
    const view = this.#view;
    if (Atomics.load(view.words, place) !== at) {
      this.#moveHead(slot, head);
      return undefined;
    }
    const size = recordWords(view, at, kind);
    const copy = this.#copy(at, kind, size);
    if (copy === 0) return this.#remove(slot, head, 'evicted');
    // ORDER O5: fragment (plain stores), then its place in the list (atomic exchange). Pairs with the load of the
    // place by a reader.
    if (replace(view, place, at, copy)) return size;
    this.#discard(copy, kind, size);
    return undefined;
  }

  /** Counts a record as dead: the copy that was not published, or the original of one that was. */
  #discard(location: number, kind: number, size: number): void {
    addDeadWords(this.#view, this.#view.segmentOf(location), size);
    markDead(this.#view, location, kind);
  }

  #remove(slot: number, location: number, reason: Removal): 0 | undefined {
    return this.#fate.remove(slot, location, reason) ? 0 : undefined;
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

  /** Scores of some entries, from segments all over the shard. */
  #sampleScores(): number[] {
    const view = this.#view;
    const { segments } = view.layout;
    const { clock, weights } = this.#recency;
    const tick = clock.now;
    weights.refresh();
    const scores: number[] = [];
    let segment = Math.floor(Math.random() * segments);
    const stride = Math.max(1, Math.floor(segments / SCORE_SAMPLE));
    for (let i = 0; i < segments && scores.length < SCORE_SAMPLE; i++) {
      let looked = 0;
      walk(view, segment, FROM_START, (location, kind) => {
        if (!(kind & (FLAG_DEAD | FLAG_FRAGMENT)))
          scores.push(weights.scoreOf(stampOf(view, location), tick));
        return ++looked < RECORDS_PER_SAMPLE;
      });
      segment += stride;
      // One further on at each turn around, so that every segment is met.
      if (segment >= segments) segment = (segment + 1) % segments;
    }
    return scores;
  }
}

function compare(survey: Survey, segment: number, { gain, age }: SegmentFacts): void {
  if (gain > survey.gain) {
    survey.deadest = segment;
    survey.gain = gain;
  }
  // Ages wrap around: compared by their difference.
  if (survey.oldest === NONE || ((age - survey.oldestAge) | 0) < 0) {
    survey.oldest = segment;
    survey.oldestAge = age;
  }
}
