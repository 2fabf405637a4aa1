/** Replies that a client does not take yet, one behind the other in few buffers, however small they are. */

/** Bytes of a buffer. */
const CHUNK = 64 * 1024;

export class Backlog {
  #length = 0;
  #chunks: Buffer[] = [];
  /** Bytes of the last chunk that are taken. */
  #filled = CHUNK;

  /** Bytes that wait, in all. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy of the bytes. */
  add(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      if (this.#filled === CHUNK) {
        this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK));
        this.#filled = 0;
      }
      const count = Math.min(bytes.length - at, CHUNK - this.#filled);
      this.#chunks.at(-1)?.set(bytes.subarray(at, at + count), this.#filled);
      this.#filled += count;
      at += count;
    }
  }

  /** The bytes that have waited longest; undefined: there are none. */
  next(): Buffer | undefined {
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    const isLast = this.#chunks.length === 0;
    const bytes = isLast ? chunk.subarray(0, this.#filled) : chunk;
    if (isLast) this.#filled = CHUNK;
    this.#length -= bytes.length;
    return bytes;
  }

  clear(): void {
    this.#length = 0;
    this.#chunks = [];
    this.#filled = CHUNK;
  }
}
