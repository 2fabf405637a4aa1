/**
 * Ghosts: what a slot remembers of an entry that was evicted from it, until another entry needs the slot. The tag
 * stays, and in the place of the location stands the stamp of the eviction, with the class the entry had. When the key
 * comes back, its ghost tells that it was let go too early, and how often it had been used. Ghosts cost no memory
 * beyond the empty slots of the index, and no look beyond the one at the key's bucket.
 *
 * A ghost is a hint. Two keys of a bucket share a tag once in 65,536 times, and then one may be taken for the other.
 */
import { GHOST, TICK_BITS, TICK_MASK } from './layout.js';

/** What is put into the slot of an entry of a class that is evicted at `tick`. */
export function ghostOf(entryClass: number, tick: number): number {
  return GHOST | (entryClass << TICK_BITS) | (tick & TICK_MASK);
}

/** Whether a slot's word is a ghost, not a location and not empty. */
export function isGhost(word: number): boolean {
  return word < 0;
}

/** Whether of two ghosts the first was evicted before the second. Wrong now and then: ticks repeat. */
export function isOlderGhost(ghost: number, other: number): boolean {
  return ((ghost - other) & TICK_MASK) > TICK_MASK >>> 1;
}

/** Tick of the eviction and class of the entry, as a stamp. */
export function stampOfGhost(ghost: number): number {
  return ghost & 0xffff;
}
