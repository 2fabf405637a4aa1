/**
 * W-TinyLFU: new entries go through a small LRU window; what leaves it takes the place of the main part's next victim
 * only if it was asked for more often of late, by a sketch of frequencies. The main part is a segmented LRU: entries
 * used there are protected. G. Einziger, R. Friedman, B. Manes: TinyLFU: a highly efficient cache admission policy, ACM
 * Transactions on Storage 13 (4), 2017. With a fixed window of 1 %; Caffeine adapts it.
 */
import { FrequencySketch } from './frequency-sketch.js';
import type { Policy, Workload } from './policy.js';
import { Queue } from './queue.js';

const WINDOW_SHARE = 0.01;
const PROTECTED_SHARE = 0.8;

export class WTinyLfu implements Policy {
  readonly #sizes: Uint32Array;
  readonly #capacity: number;
  readonly #windowCapacity: number;
  readonly #mainCapacity: number;
  readonly #protectedCapacity: number;
  readonly #sketch: FrequencySketch;
  readonly #window: Queue;
  readonly #probation: Queue;
  readonly #protected: Queue;

  constructor({ sizes }: Workload, capacity: number) {
    this.#sizes = sizes;
    this.#capacity = capacity;
    this.#windowCapacity = Math.max(1, Math.floor(capacity * WINDOW_SHARE));
    this.#mainCapacity = capacity - this.#windowCapacity;
    this.#protectedCapacity = Math.floor(this.#mainCapacity * PROTECTED_SHARE);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.#sketch = new FrequencySketch((capacity / total) * sizes.length);
    this.#window = new Queue(sizes);
    this.#probation = new Queue(sizes);
    this.#protected = new Queue(sizes);
  }

  access(id: number): boolean {
    this.#sketch.increment(id);
    if (this.#window.has(id)) this.#window.renew(id);
    else if (this.#protected.has(id)) this.#protected.renew(id);
    else if (this.#probation.has(id)) this.#protect(id);
    else {
      if (this.#sizes[id] <= this.#capacity) this.#bringIn(id);
      return false;
    }
    return true;
  }

  #protect(id: number): void {
    this.#probation.remove(id);
    this.#protected.push(id);
    while (this.#protected.size > this.#protectedCapacity) {
      const demoted = this.#protected.shift();
      if (demoted !== undefined) this.#probation.push(demoted);
    }
  }

  #bringIn(id: number): void {
    this.#window.push(id);
    while (this.#window.size > this.#windowCapacity) {
      const candidate = this.#window.shift();
      if (candidate !== undefined) this.#admit(candidate);
    }
  }

  /** Lets what left the window into the main part if there is room, or if it is worth more than who has to go for it. */
  #admit(candidate: number): void {
    const room = this.#mainCapacity - this.#sizes[candidate];
    const frequency = this.#sketch.estimate(candidate);
    while (this.#probation.size + this.#protected.size > room) {
      const victim = this.#probation.oldest ?? this.#protected.oldest;
      if (victim === undefined || frequency <= this.#sketch.estimate(victim)) return;
      if (this.#probation.has(victim)) this.#probation.remove(victim);
      else this.#protected.remove(victim);
    }
    this.#probation.push(candidate);
  }
}
