/**
 * SIEVE: like CLOCK, but what is spared stays where it is, and the hand goes on from there, from the oldest towards
 * the newest. So new entries have to prove themselves soon. Y. Zhang, J. Yang, Y. Yue, Y. Vigfusson, K. V. Rashmi:
 * SIEVE is simpler than LRU: an efficient turn-key eviction algorithm for web caches, NSDI 2024.
 */
import type { Policy, Workload } from './policy.js';
import { Queue } from './queue.js';

export class Sieve implements Policy {
  readonly #sizes: Uint32Array;
  readonly #capacity: number;
  readonly #queue: Queue;
  readonly #visited: Uint8Array;
  /** The next to be looked at; undefined: the oldest. */
  #hand: number | undefined;

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
    while (this.#queue.size > room) this.#step();
    this.#queue.push(id);
    this.#visited[id] = 0;
    return false;
  }

  /** Moves the hand by one; takes out what it was at unless that was visited. */
  #step(): void {
    const current = this.#hand ?? this.#queue.oldest;
    if (current === undefined) return;
    this.#hand = this.#queue.newerThan(current);
    if (this.#visited[current] === 1) this.#visited[current] = 0;
    else this.#queue.remove(current);
  }
}
