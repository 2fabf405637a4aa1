/**
 * Segments: the fixed-size pieces of the log, and the life of one.
 *
 * ```
 * FREE ──claim──> CLAIMED ──open──> IN_USE ──claim, once closed──> CLAIMED ──> EMPTIED ──reuse──> FREE
 *                    └──────────> INDEX (holds overflow buckets, for good)
 * ```
 *
 * A claimed segment, and one in use as long as it is open, belongs to one thread, and that thread alone changes it.
 * Nobody waits for it and nobody takes it away, unless the thread is dead: then the next one that looks for room
 * does. Once closed, a segment in use belongs to nobody.
 *
 * INVARIANT I1: a segment becomes FREE only after every entry in it was unpublished and, after that, no pin was
 *   found on it. It is argued at `reuse`.
 */
import {
  SEGMENT_AGE,
  SEGMENT_DEAD,
  SEGMENT_END,
  SEGMENT_EXPIRY,
  SEGMENT_STATE,
  SHARD_AGE,
} from './layout.js';
import type { ShardView } from './shard-view.js';
import { isPinned, pinOf, whileLeft } from './thread-slot.js';

/** All memory starts as zeros: every segment is FREE. */
export const FREE = 0;
export const CLAIMED = 1;
export const IN_USE = 2;
export const EMPTIED = 3;
export const INDEX = 4;
const STATE_MASK = 7;
const OWNER_SHIFT = 3;

/** Seconds of expiry are kept in 32 bits: entries that live beyond the year 2106 are swept for from then on. */
const LAST_SECOND = 2 ** 32 - 1;

/** The state by a plain load: a hint, for who claims the segment before acting on it. */
export function likelyState(view: ShardView, segment: number): number {
  return view.words[stateWord(view, segment)] & STATE_MASK;
}

export function stateOf(view: ShardView, segment: number): number {
  return Atomics.load(view.words, stateWord(view, segment)) & STATE_MASK;
}

/** Takes a free, emptied, or closed segment for this thread. False when it is not in that state any more. */
export function claim(view: ShardView, segment: number, from: number): boolean {
  const mine = CLAIMED | (view.thread.id << OWNER_SHIFT);
  return Atomics.compareExchange(view.words, stateWord(view, segment), from, mine) === from;
}

/** Lets go of a claimed segment. */
export function release(view: ShardView, segment: number, to: number): void {
  Atomics.store(view.words, stateWord(view, segment), to);
}

/** Closes the segments that dead threads have left open or claimed: they belong to nobody from now on. */
export function recoverFromDead(view: ShardView): void {
  for (let segment = 0; segment < view.layout.segments; segment++) {
    if (claimFromDead(view, segment)) release(view, segment, IN_USE);
  }
}

/**
 * Takes a claimed or open segment over from a dead thread. Its records end where that thread last said so.
 * CRASH K2: what it wrote behind its last word on the end was never published, and is overwritten one day.
 */
export function claimFromDead(view: ShardView, segment: number): boolean {
  const state = Atomics.load(view.words, stateWord(view, segment));
  const owner = state >>> OWNER_SHIFT;
  if (owner === 0 || owner === view.thread.id) return false;
  let claimed = false;
  whileLeft(view.thread, owner, () => {
    claimed = inherit(view, segment, state);
  });
  return claimed;
}

/** Closes the segments that this thread, or a dead one with its id, has left. */
export function recoverOwn(view: ShardView): void {
  for (let segment = 0; segment < view.layout.segments; segment++) {
    if (claimOwn(view, segment)) release(view, segment, IN_USE);
  }
}

/** Takes a segment over that this thread, or a dead one with its id, has left. */
export function claimOwn(view: ShardView, segment: number): boolean {
  const state = Atomics.load(view.words, stateWord(view, segment));
  return state >>> OWNER_SHIFT === view.thread.id && inherit(view, segment, state);
}

function inherit(view: ShardView, segment: number, state: number): boolean {
  const mine = CLAIMED | (view.thread.id << OWNER_SHIFT);
  if (Atomics.compareExchange(view.words, stateWord(view, segment), state, mine) !== state) return false;
  closeAt(view, segment, usedWords(view, segment));
  return true;
}

/** Opens a claimed segment, filled up to `used` words, as the youngest. It goes on belonging to this thread. */
export function openSegment(view: ShardView, segment: number, used: number): void {
  const { words } = view;
  Atomics.store(words, view.segmentRow(segment) + SEGMENT_AGE, Atomics.add(words, SHARD_AGE, 1) + 1);
  setEnd(view, segment, used);
  Atomics.store(words, stateWord(view, segment), IN_USE | (view.thread.id << OWNER_SHIFT));
}

/**
 * Says how far this thread's open segment is filled.
 *
 * ORDER O6: records (plain stores), then the end (atomic store). Pairs with the load of the end by a walker: it
 *   meets whole records only. And the end comes before the record is published: whatever is reachable lies before
 *   the end, so who takes the segment over from a dead thread finds it.
 */
export function setEnd(view: ShardView, segment: number, used: number): void {
  Atomics.store(view.words, view.segmentRow(segment) + SEGMENT_END, used);
}

/** Closes this thread's claimed segment. */
export function closeAt(view: ShardView, segment: number, used: number): void {
  Atomics.store(view.words, view.segmentRow(segment) + SEGMENT_END, ~used);
}

/** Closes this thread's open segment: it belongs to nobody from now on. */
export function closeOpen(view: ShardView, segment: number, used: number): void {
  closeAt(view, segment, used);
  release(view, segment, IN_USE);
}

/** Gives this thread's claimed segment, closed, an age: that of the youngest. */
export function setAge(view: ShardView, segment: number): void {
  const { words } = view;
  Atomics.store(words, view.segmentRow(segment) + SEGMENT_AGE, Atomics.add(words, SHARD_AGE, 1) + 1);
}

/** Words that the records of a segment take. */
export function usedWords(view: ShardView, segment: number): number {
  const end = Atomics.load(view.words, view.segmentRow(segment) + SEGMENT_END);
  return end < 0 ? ~end : end;
}

/** Whether a segment in use is closed. */
export function isClosed(view: ShardView, segment: number): boolean {
  return Atomics.load(view.words, stateWord(view, segment)) === IN_USE;
}

/** What a survey of all segments wants to know of one. */
export interface SegmentFacts {
  isClosed: boolean;
  /** Whether it may be free soon: a thread has claimed it, or it is emptied and waits for its readers. */
  isComingFree: boolean;
  /** Part of its records that is dead; 1 when there are none. */
  gain: number;
  age: number;
}

/**
 * Filled anew by each call: a survey of thousands of segments makes no objects. Plain loads, for the same reason: what
 * they tell is a hint, since whoever acts on it claims the segment first.
 */
const facts: SegmentFacts = { isClosed: false, isComingFree: false, gain: 0, age: 0 };

export function factsOf(view: ShardView, segment: number): SegmentFacts {
  const { words } = view;
  const row = view.segmentRow(segment);
  const end = words[row + SEGMENT_END];
  const used = end < 0 ? ~end : end;
  const state = words[row + SEGMENT_STATE];
  facts.isClosed = state === IN_USE;
  facts.isComingFree = (state & STATE_MASK) === CLAIMED || state === EMPTIED;
  facts.gain = used === 0 ? 1 : words[row + SEGMENT_DEAD] / used;
  facts.age = words[row + SEGMENT_AGE];
  return facts;
}

/** Words of a segment's records that are no longer reachable, as far as they have been counted. */
export function deadWords(view: ShardView, segment: number): number {
  return Atomics.load(view.words, view.segmentRow(segment) + SEGMENT_DEAD);
}

export function addDeadWords(view: ShardView, segment: number, count: number): void {
  Atomics.add(view.words, view.segmentRow(segment) + SEGMENT_DEAD, count);
}

/** The earliest second at which an entry of a segment expires, or one before that; 0 when none does. */
export function earliestExpiry(view: ShardView, segment: number): number {
  return Atomics.load(view.words, view.segmentRow(segment) + SEGMENT_EXPIRY) >>> 0;
}

/**
 * Notes when an entry in this thread's open segment expires, before it is committed: who has seen the entry finds
 * its expiry noted.
 *
 * INVARIANT I2: no reachable entry of a segment expires in an earlier second than the one noted. Only the owner of
 *   an open segment lowers it, and only a sweep raises it, in a closed one, to what it met from start to end.
 *
 * @param expiry milliseconds since the epoch
 */
export function noteExpiry(view: ShardView, segment: number, expiry: number): void {
  const second = secondOf(expiry);
  const noted = earliestExpiry(view, segment);
  if (noted !== 0 && noted <= second) return;
  Atomics.store(view.words, view.segmentRow(segment) + SEGMENT_EXPIRY, second);
}

/** The second that is noted for an expiry in milliseconds since the epoch. */
export function secondOf(expiry: number): number {
  return Math.min(Math.floor(expiry / 1000), LAST_SECOND);
}

/** Takes an earliest expiry back that was found to have passed: false when an earlier one was noted meanwhile. */
export function renoteExpiry(view: ShardView, segment: number, noted: number, second: number): boolean {
  const word = view.segmentRow(segment) + SEGMENT_EXPIRY;
  return Atomics.compareExchange(view.words, word, noted | 0, second | 0) === (noted | 0);
}

/** Different in each life of a segment; older ones are smaller, modulo 2^32. */
export function ageOf(view: ShardView, segment: number): number {
  return Atomics.load(view.words, view.segmentRow(segment) + SEGMENT_AGE);
}

/**
 * Makes an emptied segment free, if nobody may be reading in it.
 *
 * INVARIANT I1: the caller or a thread before it has unpublished every entry (ORDER O2: the slots' atomic
 *   exchanges come before the loads of the pins here). A reader that pins the segment later loads its slot after
 *   the pin and finds the entry gone (O1). One that had pinned it before is found here, and the segment waits.
 */
export function reuse(view: ShardView, segment: number): boolean {
  const { thread, layout, shard, words } = view;
  if (!claim(view, segment, EMPTIED)) return false;
  if (isPinned(thread.control, layout.threadSlots, pinOf(shard, segment))) {
    release(view, segment, EMPTIED);
    return false;
  }
  closeAt(view, segment, 0);
  Atomics.store(words, view.segmentRow(segment) + SEGMENT_DEAD, 0);
  Atomics.store(words, view.segmentRow(segment) + SEGMENT_EXPIRY, 0);
  release(view, segment, FREE);
  return true;
}

function stateWord(view: ShardView, segment: number): number {
  return view.segmentRow(segment) + SEGMENT_STATE;
}
