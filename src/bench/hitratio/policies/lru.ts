/**
 * Least recently used, exactly: every hit makes an entry the newest, the oldest goes. R. L. Mattson, J. Gecsei,
 * D. R. Slutz, I. L. Traiger: Evaluation techniques for storage hierarchies, IBM Systems Journal 9 (2), 1970.
 */
import type { Policy, Workload } from './policy.js';
import { Queue } from './queue.js';

export class Lru implements Policy {
  readonly #sizes: Uint32Array;
  readonly #capacity: number;
  readonly #queue: Queue;

  constructor({ sizes }: Workload, capacity: number) {
    this.#sizes = sizes;
    this.#capacity = capacity;
    this.#queue = new Queue(sizes);
  }

  access(id: number): boolean {
    if (this.#queue.has(id)) {
      this.#queue.renew(id);
      return true;
    }
    const room = this.#capacity - this.#sizes[id];
    if (room < 0) return false;
    while (this.#queue.size > room) this.#queue.shift();
    this.#queue.push(id);
    return false;
  }
}
