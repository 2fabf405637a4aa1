/**
 * Stamps: when an entry was last used, and how often, in the 16 bits that each entry has for it. 14 bits of tick, of
 * the cache-wide clock in clock.ts, and 2 bits of class: used once, twice, more often. Pure functions.
 *
 * Uses within one tick count as one: a burst of reads right after a write says nothing about the future (the
 * "correlated reference period" of O'Neil, O'Neil and Weikum, "The LRU-K page replacement algorithm", SIGMOD 1993).
 */
import { CLASSES, TICK_BITS, TICK_MASK } from './layout.js';

/** The stamp of an entry that is new. */
export function firstStamp(tick: number): number {
  return tick & TICK_MASK;
}

/** The stamp of an entry that is used at `tick`, having had another one until then. */
export function nextStamp(stamp: number, tick: number): number {
  const used = classOf(stamp);
  return ((used < CLASSES - 1 ? used + 1 : used) << TICK_BITS) | (tick & TICK_MASK);
}

/**
 * The stamp of an entry that takes the place of another one of its key at `tick`.
 *
 * @param isUse whether the key counts as used once more by that
 */
export function stampInPlaceOf(stamp: number, tick: number, isUse: boolean): number {
  if (!isUse) return (classOf(stamp) << TICK_BITS) | (tick & TICK_MASK);
  return isOfTick(stamp, tick) ? stamp : nextStamp(stamp, tick);
}

/** Whether a stamp is of this very tick. */
export function isOfTick(stamp: number, tick: number): boolean {
  return ((stamp ^ tick) & TICK_MASK) === 0;
}

/** 0 to CLASSES - 1. */
export function classOf(stamp: number): number {
  return stamp >>> TICK_BITS;
}

/** Ticks since a stamp was made, modulo 2^14. */
export function ageOfStamp(stamp: number, tick: number): number {
  return (tick - stamp) & TICK_MASK;
}

/** A stamp of the same class, made so many ticks before `tick`. */
export function stampOfAge(stamp: number, tick: number, age: number): number {
  return (classOf(stamp) << TICK_BITS) | ((tick - age) & TICK_MASK);
}
