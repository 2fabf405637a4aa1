/**
 * Answers on their way out: gathered while the requests of one read are served, then written at once. One per lane,
 * since a worker serves one read at a time.
 */

/** Bytes gathered before they are written. */
const CAPACITY = 64 * 1024;

/** Bytes that a value may be moved by, or that may follow it. */
const SLACK = 32;

/** Buffers of long values that are kept to be used again. */
const MOST_SPARES = 8;
/** Bytes of the largest that is kept. */
const LONGEST_SPARE = 1024 * 1024;

const NOTHING = Buffer.alloc(0);

/** Where replies go. */
export interface Sink {
  /**
   * Takes bytes.
   *
   * @param whenSent called when they are not needed any more, if they still were when this returned
   * @returns whether they are not needed any more: then they may be overwritten
   */
  send(bytes: Uint8Array, whenSent?: () => void): boolean;
}

export class Outbox {
  /** Where bytes are gathered, up to `length`. */
  bytes = Buffer.allocUnsafeSlow(CAPACITY);
  length = 0;
  /** The same bytes but the last: where values may be copied to, so that a length before them may grow by a digit or two. */
  room = this.bytes.subarray(0, CAPACITY - SLACK);
  #sink: Sink | undefined;
  /** What was written last: the next is likely to be as long. */
  #written = NOTHING;
  readonly #spares: Buffer[] = [];

  /** What is added from now on is for this sink. */
  begin(sink: Sink): void {
    this.#sink = sink;
  }

  /** Writes what has been added. */
  end(): void {
    this.write();
    this.#sink = undefined;
  }

  /** Sees to it that so many bytes more can be gathered. False when they never can: then they go by {@link send}. */
  makeRoom(count: number): boolean {
    if (this.length + count <= CAPACITY) return true;
    this.write();
    return count <= CAPACITY;
  }

  /** Writes what has been gathered. */
  write(): void {
    const { length } = this;
    if (length === 0) return;
    this.length = 0;
    if (this.#written.length !== length) this.#written = this.bytes.subarray(0, length);
    if (this.#sinkNow().send(this.#written)) return;
    this.bytes = Buffer.allocUnsafeSlow(CAPACITY);
    this.room = this.bytes.subarray(0, CAPACITY - SLACK);
    this.#written = NOTHING;
  }

  /** Writes bytes of the caller's, which must stay as they are, behind those that were gathered. */
  send(bytes: Uint8Array): void {
    this.write();
    this.#sinkNow().send(bytes);
  }

  /** A buffer for one long value, to be given to {@link sendSpare}. */
  spareOf(length: number): Buffer {
    const fitting = this.#spares.findIndex((spare) => spare.length >= length && spare.length <= 2 * length);
    const [spare] = fitting === -1 ? [] : this.#spares.splice(fitting, 1);
    return spare ?? Buffer.allocUnsafeSlow(length);
  }

  /** Writes the first `length` bytes of a spare, behind those that were gathered. It is used again later. */
  sendSpare(spare: Buffer, length: number): void {
    this.write();
    if (this.#sinkNow().send(spare.subarray(0, length), () => this.#keep(spare))) this.#keep(spare);
  }

  #keep(spare: Buffer): void {
    if (spare.length > LONGEST_SPARE) return;
    this.#spares.push(spare);
    if (this.#spares.length > MOST_SPARES) this.#spares.shift();
  }

  #sinkNow(): Sink {
    if (this.#sink === undefined) throw new Error('nobody to write to');
    return this.#sink;
  }
}
