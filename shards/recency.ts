/** What entries are stamped with and compared by: the clock and the weights of a cache, as one thread sees them. */
import { ClassWeights } from './class-weights.js';
import { Clock } from './clock.js';
import type { ControlWords } from './thread-slot.js';

/** Caches of up to so many keys always evict exactly the least recently used. */
export const EXACT_KEYS = 32;

export class Recency {
  readonly clock: Clock;
  readonly weights: ClassWeights;

  /**
   * @param maxKeys 0 = no limit
   * @param keysHeld how many keys the cache holds
   * @param restamp stamps old entries anew, see `KeyEvictor.restamp`
   */
  constructor(control: ControlWords, maxKeys: number, keysHeld: () => number, restamp: () => void) {
    const isAdaptive = maxKeys === 0 || maxKeys > EXACT_KEYS;
    this.clock = new Clock(control, keysHeld, isAdaptive ? undefined : restamp);
    this.weights = new ClassWeights(control, this.clock, isAdaptive);
  }
}
