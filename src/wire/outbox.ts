/**
 * Answers on their way out: gathered while what comes in a turn of the event loop is served, and written at its end, to
 * each connection at once. One per lane, since a worker serves one read at a time.
 *
 * Redis writes at the end of a turn. A reply wakes the client that sleeps for it, and a client that has been woken by one
 * finds those that follow without having to be woken again: under load half of what writing costs is waking.
 */

/** Bytes gathered before they are written. */
const CAPACITY = 64 * 1024;

/** Bytes that a value may be moved by, or that may follow it. */
const SLACK = 32;

/** Buffers of long values that are kept to be used again. */
const MOST_SPARES = 8;
/** Bytes of the largest that is kept. */
const LONGEST_SPARE = 1024 * 1024;

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
  /** Where the bytes for this sink begin. */
  #start = 0;
  /** Whose bytes have been gathered, one behind the other, and where they end. */
  readonly #sinks: Sink[] = [];
  readonly #ends: number[] = [];
  /** What was written last to each of them: the next is likely to be as long. */
  readonly #views: Buffer[] = [];
  #isScheduled = false;
  readonly #spares: Buffer[] = [];

  /** What is added from now on is for this sink. */
  begin(sink: Sink): void {
    this.#sink = sink;
    this.#start = this.length;
  }

  /** What has been added is written at the end of the turn. */
  end(): void {
    this.#close();
    this.#sink = undefined;
    if (this.#isScheduled || this.length === 0) return;
    this.#isScheduled = true;
    setImmediate(this.#onTurnEnd);
  }

  /** Sees to it that so many bytes more can be gathered. False when they never can: then they go by {@link send}. */
  makeRoom(count: number): boolean {
    if (this.length + count <= CAPACITY) return true;
    this.write();
    return count <= CAPACITY;
  }

  /** Writes what has been gathered, for all sinks. */
  write(): void {
    this.#close();
    let start = 0;
    let isTaken = true;
    for (let i = 0; i < this.#sinks.length; i++) {
      const end = this.#ends[i];
      if (!this.#sinks[i].send(this.#view(i, start, end))) isTaken = false;
      start = end;
    }
    this.#sinks.length = 0;
    this.#ends.length = 0;
    this.length = 0;
    this.#start = 0;
    if (isTaken) return;
    this.bytes = Buffer.allocUnsafeSlow(CAPACITY);
    this.room = this.bytes.subarray(0, CAPACITY - SLACK);
    this.#views.length = 0;
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

  readonly #onTurnEnd = (): void => {
    this.#isScheduled = false;
    this.write();
  };

  /** What has been added for the sink under way stands for itself. */
  #close(): void {
    if (this.length === this.#start) return;
    this.#sinks.push(this.#sinkNow());
    this.#ends.push(this.length);
    this.#start = this.length;
  }

  #view(index: number, start: number, end: number): Buffer {
    const last = this.#views[index];
    if (last !== undefined && last.byteOffset === start && last.length === end - start) return last;
    const view = this.bytes.subarray(start, end);
    this.#views[index] = view;
    return view;
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
