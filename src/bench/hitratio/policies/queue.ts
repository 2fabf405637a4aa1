/**
 * A queue of ids from which any can be taken out: a doubly linked list over arrays indexed by id. What every policy
 * here is made of.
 */
export class Queue {
  readonly #sizes: Uint32Array;
  readonly #newer: Uint32Array;
  readonly #older: Uint32Array;
  readonly #member: Uint8Array;
  /** Stands before the newest and behind the oldest. */
  readonly #end: number;
  #size = 0;

  /** @param sizes of each id */
  constructor(sizes: Uint32Array) {
    this.#sizes = sizes;
    this.#end = sizes.length;
    this.#newer = new Uint32Array(sizes.length + 1).fill(this.#end);
    this.#older = new Uint32Array(sizes.length + 1).fill(this.#end);
    this.#member = new Uint8Array(sizes.length);
  }

  /** Sum of the sizes of its ids. */
  get size(): number {
    return this.#size;
  }

  /** The id that has been here for longest; undefined when there is none. */
  get oldest(): number | undefined {
    return this.newerThan(undefined);
  }

  has(id: number): boolean {
    return this.#member[id] === 1;
  }

  /** The next towards the newest; undefined after the newest. Of undefined: the oldest. */
  newerThan(id: number | undefined): number | undefined {
    const newer = this.#newer[id ?? this.#end];
    return newer === this.#end ? undefined : newer;
  }

  /** Adds an id that is not here. */
  push(id: number): void {
    const before = this.#older[this.#end];
    this.#older[id] = before;
    this.#newer[id] = this.#end;
    this.#newer[before] = id;
    this.#older[this.#end] = id;
    this.#member[id] = 1;
    this.#size += this.#sizes[id];
  }

  /** Takes out an id that is here. */
  remove(id: number): void {
    const newer = this.#newer[id];
    const older = this.#older[id];
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.#member[id] = 0;
    this.#size -= this.#sizes[id];
  }

  /** Makes an id that is here the newest. */
  renew(id: number): void {
    this.remove(id);
    this.push(id);
  }

  /** Takes out the oldest; undefined when there is none. */
  shift(): number | undefined {
    const { oldest } = this;
    if (oldest !== undefined) this.remove(oldest);
    return oldest;
  }
}
