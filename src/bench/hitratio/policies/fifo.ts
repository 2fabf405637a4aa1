/** First in, first out: what came first goes first, whether it is used or not. The least that a policy can do. */
import type { Policy, Workload } from './policy.js';
import { Queue } from './queue.js';

export class Fifo implements Policy {
  readonly #sizes: Uint32Array;
  readonly #capacity: number;
  readonly #queue: Queue;

  constructor({ sizes }: Workload, capacity: number) {
    this.#sizes = sizes;
    this.#capacity = capacity;
    this.#queue = new Queue(sizes);
  }

  access(id: number): boolean {
    if (this.#queue.has(id)) return true;
    const room = this.#capacity - this.#sizes[id];
    if (room < 0) return false;
    while (this.#queue.size > room) this.#queue.shift();
    this.#queue.push(id);
    return false;
  }
}
