/** Bytes of requests of one connection that are not answered yet, in a buffer of its own as long as there are any. */

const NOTHING = Buffer.alloc(0);

export class Pending {
  #bytes = NOTHING;
  #length = 0;

  /** The bytes, up to {@link length}. They stay as they are, whatever is added or dropped. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /**
   * Adds those from `start` to before `end`. The buffer grows with what has come, not with what was announced.
   *
   * @param announced bytes of the first request, 0 while that is not known
   */
  append(bytes: Uint8Array, start: number, end: number, announced: number): void {
    const length = this.#length + end - start;
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, Math.min(2 * length, announced)));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length = length;
  }

  /** Drops the first `count` bytes. */
  drop(count: number): void {
    this.#length -= count;
    this.#bytes = this.#length === 0 ? NOTHING : this.#bytes.subarray(count);
  }

  clear(): void {
    this.#length = 0;
    this.#bytes = NOTHING;
  }
}
