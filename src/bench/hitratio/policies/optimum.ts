/**
 * The optimum: of all entries, the one asked for again farthest in the future goes. It has to know the future, so it is
 * no policy but the limit of all of them. L. A. Belady: A study of replacement algorithms for a virtual-storage
 * computer, IBM Systems Journal 5 (2), 1966. It is the optimum only where entries are counted: for sizes in bytes that
 * problem is NP-hard.
 */
import type { Policy, Workload } from './policy.js';

export class Optimum implements Policy {
  readonly #requests: Uint32Array;
  /** By position: that of the next request for the same id; beyond the last one, when there is none. */
  readonly #nextUse: Uint32Array;
  readonly #capacity: number;
  readonly #held: Uint8Array;
  #count = 0;
  #position = 0;
  /**
   * Of everything held, the position of its next use, the largest on top. Positions that have passed stay in it: they
   * are smaller than all others, and never on top of one.
   */
  readonly #nextUses: MaximumHeap;

  /** @throws {RangeError} when the sizes are not all 1 */
  constructor({ requests, sizes }: Workload, capacity: number) {
    if (sizes.some((size) => size !== 1)) throw new RangeError('the optimum is known for sizes of 1 only');
    this.#requests = requests;
    this.#nextUse = nextUses(requests, sizes.length);
    this.#capacity = capacity;
    this.#held = new Uint8Array(sizes.length);
    this.#nextUses = new MaximumHeap(requests.length);
  }

  /** Asks for the requests of the workload, in their order. */
  access(id: number): boolean {
    const nextUse = this.#nextUse[this.#position++];
    const isHit = this.#held[id] === 1;
    if (!isHit) {
      if (this.#capacity < 1) return false;
      if (this.#count === this.#capacity) this.#evict();
      this.#held[id] = 1;
      this.#count++;
    }
    this.#nextUses.push(nextUse);
    return isHit;
  }

  #evict(): void {
    const farthest = this.#nextUses.pop();
    const { length } = this.#requests;
    this.#held[farthest < length ? this.#requests[farthest] : farthest - length] = 0;
    this.#count--;
  }
}

/** Where an id is not asked for again, the number of requests plus the id: a position for each, beyond all of them. */
function nextUses(requests: Uint32Array, keys: number): Uint32Array {
  const next = Uint32Array.from({ length: keys }, (_, id) => requests.length + id);
  const result = new Uint32Array(requests.length);
  for (let position = requests.length - 1; position >= 0; position--) {
    const id = requests[position];
    result[position] = next[id];
    next[id] = position;
  }
  return result;
}

class MaximumHeap {
  readonly #items: Uint32Array;
  #length = 0;

  constructor(capacity: number) {
    this.#items = new Uint32Array(capacity);
  }

  push(item: number): void {
    const items = this.#items;
    let at = this.#length++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (items[parent] >= item) break;
      items[at] = items[parent];
      at = parent;
    }
    items[at] = item;
  }

  /** Takes out the largest. There has to be one. */
  pop(): number {
    const items = this.#items;
    const top = items[0];
    const item = items[--this.#length];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= this.#length) break;
      if (child + 1 < this.#length && items[child + 1] > items[child]) child++;
      if (items[child] <= item) break;
      items[at] = items[child];
      at = child;
    }
    items[at] = item;
    return top;
  }
}
