/**
 * The eviction policy: which entries go when there is no room. Decisions only, no memory.
 *
 * Least recently used, by stamps. A cache-wide tick advances once per so many accesses (one per access in a tiny
 * cache, a 64th of its keys in a larger one), and every access stamps its entry with the tick. The age of an entry
 * is the number of ticks since. That orders tiny caches exactly and larger ones within a 64th of their keys'
 * accesses, and costs a store only when the tick has moved on since the entry was last read.
 *
 * For memory, the oldest segment is emptied: entries whose age is in the oldest part of a sample go, the others
 * are moved on. For `maxKeys`, one entry goes at a time: the oldest of a sample, as in Redis ("Using Redis as an
 * LRU cache", approximated LRU).
 */

/** A segment is emptied on the way, before room is needed, once this part of its records is dead. */
export const MOSTLY_DEAD = 0.75;

/** Nothing is evicted as long as this part of some segment's records is dead, and can be had by moving the rest. */
export const WORTH_COMPACTING = 0.1;

/** Entries looked at to learn how old entries are. */
export const AGE_SAMPLE = 64;

/** Caches of up to so many keys evict exactly the least recently used. */
const EXACT_KEYS = 32;

/** Entries looked at to evict one of them. The newcomer, written but not yet published, may be among them. */
export const EVICTION_SAMPLE = EXACT_KEYS + 1;

/** Parts of all entries, by age, that go from the segments being emptied; more when a segment yielded too little. */
const EVICTED_PARTS = [0.2, 0.4, 0.7, 1];

/** A segment yields too little when less than this part of it came free. */
const ENOUGH_FREED = 1 / 8;

/** Ticks are as many accesses apart as the cache has keys, divided by this. */
const TICKS_PER_TURNOVER = 64;

const STAMP_MASK = 0xffff;

/** Ticks since an entry was stamped, modulo 2^16: at that rate it wraps after a thousand turnovers. */
export function ageInTicks(tick: number, stamp: number): number {
  return (tick - stamp) & STAMP_MASK;
}

/** Accesses of one thread between two ticks. */
export function accessesPerTick(keys: number): number {
  return Math.max(1, Math.floor(keys / TICKS_PER_TURNOVER));
}

/** How hard entries are pressed, from how the last segments went. */
export class Pressure {
  #level = 0;

  /**
   * The age from which on entries go.
   *
   * @param ages of a sample, in ticks; sorted in place
   */
  cutoff(ages: number[]): number {
    ages.sort((a, b) => b - a);
    const part = EVICTED_PARTS[this.#level] ?? 1;
    const at = Math.min(ages.length - 1, Math.floor(ages.length * part));
    return ages[at] ?? 0;
  }

  /** @param freed part of a segment that emptying it has brought */
  learn(freed: number): void {
    if (freed >= ENOUGH_FREED) this.#level = 0;
    else if (this.#level < EVICTED_PARTS.length - 1) this.#level++;
  }
}
