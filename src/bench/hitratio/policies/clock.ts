/**
 * CLOCK, also called second chance: a queue in which a hit only sets a mark; a marked entry whose turn it is loses its
 * mark and goes to the end instead. F. J. Corbató: A paging experiment with the Multics system, MIT Project MAC, 1968.
 */
import type { Policy, Workload } from './policy.js';
import { Queue } from './queue.js';

export class Clock implements Policy {
  readonly #sizes: Uint32Array;
  readonly #capacity: number;
  readonly #queue: Queue;
  readonly #visited: Uint8Array;

  constructor({ sizes }: Workload, capacity: number) {
    this.#sizes = sizes;
    this.#capacity = capacity;
    this.#queue = new Queue(sizes);
    this.#visited = new Uint8Array(sizes.length);
  }

  access(id: number): boolean {
    if (this.#queue.has(id)) {
      this.#visited[id] = 1;
      return true;
    }
    const room = this.#capacity - this.#sizes[id];
    if (room < 0) return false;
    while (this.#queue.size > room) this.#evict();
    this.#queue.push(id);
    this.#visited[id] = 0;
    return false;
  }

  /** Gives the oldest a second chance, or takes it out. */
  #evict(): void {
    const oldest = this.#queue.shift();
    if (oldest === undefined || this.#visited[oldest] === 0) return;
    this.#visited[oldest] = 0;
    this.#queue.push(oldest);
  }
}
