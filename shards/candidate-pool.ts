/**
 * Entries that deserve to be evicted, as far as has been looked: a few of them, in arrays of numbers, so that finding
 * one to evict makes no objects. What is in here is only a hint, and looked at again before it is used.
 */
import type { ClassWeights } from './class-weights.js';

/** Score of an entry that has expired. */
const EXPIRED = Infinity;

export class CandidatePool {
  readonly #capacity: number;
  readonly #shards: Int32Array;
  readonly #slots: Int32Array;
  readonly #locations: Int32Array;
  readonly #stamps: Int32Array;
  readonly #scores: Float64Array;
  #size = 0;
  /** Lowest score in a full pool. */
  #lowest = 0;

  /** The candidate last taken. */
  shard = 0;
  slot = 0;
  location = 0;
  stamp = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#shards = new Int32Array(capacity);
    this.#slots = new Int32Array(capacity);
    this.#locations = new Int32Array(capacity);
    this.#stamps = new Int32Array(capacity);
    this.#scores = new Float64Array(capacity);
  }

  /** Brings the scores up to date. */
  rescore(weights: ClassWeights, tick: number): void {
    const scores = this.#scores;
    for (let i = 0; i < this.#size; i++) {
      if (scores[i] !== EXPIRED) scores[i] = weights.scoreOf(this.#stamps[i] as number, tick);
    }
    this.#lowest = 0;
  }

  /** Takes an entry in, in the place of the one with the lowest score if the pool is full and its own is higher. */
  offer(shard: number, slot: number, location: number, stamp: number, score: number): void {
    if (this.#size === this.#capacity && score <= this.#lowest) return;
    for (let i = 0; i < this.#size; i++) {
      if (this.#slots[i] !== slot || this.#shards[i] !== shard) continue;
      this.#put(i, shard, slot, location, stamp, score);
      return;
    }
    if (this.#size < this.#capacity) {
      this.#put(this.#size++, shard, slot, location, stamp, score);
      return;
    }
    const scores = this.#scores;
    let lowest = 0;
    for (let i = 1; i < this.#size; i++) {
      if ((scores[i] as number) < (scores[lowest] as number)) lowest = i;
    }
    this.#lowest = scores[lowest] as number;
    if (score > this.#lowest) this.#put(lowest, shard, slot, location, stamp, score);
  }

  /** Takes the candidate with the highest score out. False when there is none. */
  take(): boolean {
    if (this.#size === 0) return false;
    const scores = this.#scores;
    let best = 0;
    for (let i = 1; i < this.#size; i++) {
      if ((scores[i] as number) > (scores[best] as number)) best = i;
    }
    this.shard = this.#shards[best] as number;
    this.slot = this.#slots[best] as number;
    this.location = this.#locations[best] as number;
    this.stamp = this.#stamps[best] as number;
    const last = --this.#size;
    this.#put(
      best,
      this.#shards[last] as number,
      this.#slots[last] as number,
      this.#locations[last] as number,
      this.#stamps[last] as number,
      scores[last] as number,
    );
    return true;
  }

  #put(at: number, shard: number, slot: number, location: number, stamp: number, score: number): void {
    this.#shards[at] = shard;
    this.#slots[at] = slot;
    this.#locations[at] = location;
    this.#stamps[at] = stamp;
    this.#scores[at] = score;
  }
}
