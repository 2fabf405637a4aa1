/**
 * The eviction policy: which entries go when there is no room. Decisions only, no memory.
 *
 * Every entry has an age, in ticks since it was last used, and a class, by how often it was used: once, twice, more
 * often. The entry with the highest score goes first, its age times the weight of its class. Weights begin at 1,
 * which is exact LRU, and are learned from keys that come back soon after they were evicted (class-weights.ts): where
 * most keys are used once, entries used once age up to 64 times as fast, as in the small queue of S3-FIFO (Yang,
 * Zhang, Qiu, Yue and Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023); where every key is
 * used a few times and then never again, all age alike. A key that comes back keeps the class its ghost remembers.
 *
 * No queue is kept, since each read would have to change it. For `maxKeys`, one entry goes at a time, the highest of
 * those that have been looked at (evict-one.ts). For memory, the oldest segment is emptied: entries whose score is
 * in the top part of a sample go, the others are moved on (reclaim.ts).
 */

/** A segment is emptied on the way, before room is needed, once this part of its records is dead. */
export const MOSTLY_DEAD = 0.75;

/** Nothing is evicted as long as this part of some segment's records is dead, and can be had by moving the rest. */
export const WORTH_COMPACTING = 0.1;

/** Entries looked at to learn what scores there are. */
export const SCORE_SAMPLE = 64;

/** Parts of all entries, by score, that go from the segments being emptied; more when one yielded too little. */
const EVICTED_PARTS = [0.1, 0.2, 0.4, 0.7, 1];

/** A segment yields too little when less than this part of it came free. */
const ENOUGH_FREED = 1 / 16;

/** How hard entries are pressed, from how the last segments went. */
export class Pressure {
  #level = 0;

  /**
   * The score from which on entries go.
   *
   * @param scores of a sample; sorted in place
   */
  cutoff(scores: number[]): number {
    scores.sort((a, b) => b - a);
    const part = EVICTED_PARTS[this.#level] ?? 1;
    const at = Math.min(scores.length - 1, Math.floor(scores.length * part));
    return scores[at] ?? 0;
  }

  /** @param freed part of a segment that emptying it has brought */
  learn(freed: number): void {
    if (freed >= ENOUGH_FREED) this.#level = 0;
    else if (this.#level < EVICTED_PARTS.length - 1) this.#level++;
  }
}
