/**
 * S3-FIFO: three queues. New entries go through a small one; only those that were used there move on to the main one,
 * where use gives them another round; the ids of the others are remembered for a while, and whoever comes back in that
 * time goes straight to the main queue. J. Yang, Y. Zhang, Z. Qiu, Y. Yue, R. Vinayak: FIFO queues are all you need for
 * cache eviction, SOSP 2023.
 */
import type { Policy, Workload } from './policy.js';
import { Queue } from './queue.js';

const SMALL_SHARE = 0.1;
/** Of hits: two bits. */
const MAX_FREQUENCY = 3;
/** Hits in the small queue that make an entry move to the main one. */
const PROMOTION = 2;

export class S3Fifo implements Policy {
  readonly #sizes: Uint32Array;
  readonly #capacity: number;
  readonly #mainCapacity: number;
  readonly #small: Queue;
  readonly #main: Queue;
  readonly #ghost: Queue;
  readonly #frequency: Uint8Array;

  constructor({ sizes }: Workload, capacity: number) {
    this.#sizes = sizes;
    this.#capacity = capacity;
    this.#mainCapacity = capacity - Math.max(1, Math.floor(capacity * SMALL_SHARE));
    this.#small = new Queue(sizes);
    this.#main = new Queue(sizes);
    this.#ghost = new Queue(sizes);
    this.#frequency = new Uint8Array(sizes.length);
  }

  access(id: number): boolean {
    if (this.#small.has(id) || this.#main.has(id)) {
      this.#frequency[id] = Math.min(MAX_FREQUENCY, this.#frequency[id] + 1);
      return true;
    }
    const isRemembered = this.#ghost.has(id);
    if (isRemembered) this.#ghost.remove(id);
    const room = this.#capacity - this.#sizes[id];
    if (room < 0) return false;
    while (this.#small.size + this.#main.size > room) this.#evict();
    this.#frequency[id] = 0;
    (isRemembered ? this.#main : this.#small).push(id);
    return false;
  }

  #evict(): void {
    if (this.#main.size > this.#mainCapacity || this.#small.size === 0) this.#evictFromMain();
    else this.#evictFromSmall();
  }

  #evictFromSmall(): void {
    const oldest = this.#small.shift();
    if (oldest === undefined) return;
    if (this.#frequency[oldest] >= PROMOTION) {
      this.#frequency[oldest] = 0;
      this.#main.push(oldest);
    } else {
      this.#remember(oldest);
    }
  }

  #evictFromMain(): void {
    const oldest = this.#main.shift();
    if (oldest === undefined || this.#frequency[oldest] === 0) return;
    this.#frequency[oldest]--;
    this.#main.push(oldest);
  }

  /** The ghost queue holds as much as the main one. */
  #remember(id: number): void {
    this.#ghost.push(id);
    while (this.#ghost.size > this.#mainCapacity) this.#ghost.shift();
  }
}
