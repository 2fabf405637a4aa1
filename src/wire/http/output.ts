/**
 * Answers on their way out: gathered while the requests of one read are served, then written at once. One per worker,
 * since a worker serves one read at a time.
 */
import type { Socket } from 'node:net';
import {
  ABSENT,
  type ImmediateCache,
  type ReadResult,
  type StoreUnavailableError,
  UNCERTAIN,
} from '../../store/tiered.js';
import { digitsOf, writeNumber } from '../bytes.js';
import { Answered, Answers, type AnswersOfSecond, type FixedAnswer } from './answers.js';

/** Bytes gathered before they are written. */
const CAPACITY = 64 * 1024;

/** Bytes that a value may be moved by when its length has more digits than the one before. */
const SLACK = 16;

/** Of the length of a value. */
const MOST_DIGITS = 10;

/** Answers that are longer than what is gathered: so many of their buffers are kept to be used again. */
const MOST_SPARES = 8;
/** Bytes of the largest that is kept. */
const LONGEST_SPARE = 1024 * 1024;

export class Output {
  /** How many answers were added, by {@link Answered}. Whoever counts them sets them to 0. */
  readonly tally = new Uint32Array(Object.keys(Answered).length);
  readonly #answers: Answers;
  #current: AnswersOfSecond;
  #socket: Socket | undefined;
  #isTaken = true;
  /** Where answers are gathered, with the slack. */
  #bytes = Buffer.allocUnsafeSlow(CAPACITY + SLACK);
  /** The same without it: where values may be copied to. */
  #room = this.#bytes.subarray(0, CAPACITY);
  #length = 0;
  /** What was written last: the next is likely to be as long. */
  #written = this.#bytes.subarray(0, 0);
  /** Of long answers that the kernel has taken. */
  readonly #spares: Buffer<ArrayBuffer>[] = [];
  /** Digits of the length of the last value: the next is likely to have as many. */
  #digits = 2;

  /** @param keepAliveTimeout milliseconds, as the answers tell of it */
  constructor(keepAliveTimeout: number) {
    this.#answers = new Answers(keepAliveTimeout);
    this.#current = this.#answers.at(Date.now());
  }

  /** What is added from now on is for this socket. All that was added before must have been written. */
  begin(socket: Socket): void {
    this.#socket = socket;
    this.#isTaken = true;
    this.#current = this.#answers.at(Date.now());
  }

  /** Whether the kernel has taken all that was written since `begin`. What it has not, the socket keeps. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  greeting(isHead: boolean): void {
    this.tally[Answered.GREETING]++;
    this.#add(this.#current.greeting, isHead);
  }

  stored(): void {
    this.tally[Answered.STORED]++;
    this.#add(this.#current.stored, false);
  }

  /** Adds the answer to a read of a key. False when the cache can't say at once what it is. */
  value(cache: ImmediateCache, key: Uint8Array, start: number, end: number, isHead: boolean): boolean {
    const { valueHead } = this.#answers;
    const { valueTail } = this.#current;
    const fixed = valueHead.length + valueTail.length;
    for (;;) {
      const at = this.#length;
      // Behind the head that it will have if its length has as many digits as the one before.
      const place = at + fixed + this.#digits;
      const length = cache.readInto(key, start, end, this.#room, place);
      if (length === UNCERTAIN) return false;
      if (length === ABSENT) {
        this.#absent(isHead);
        return true;
      }
      if (length > this.#room.length - place) {
        this.#write();
        if (fixed + MOST_DIGITS + length <= this.#room.length) continue;
        const isAnswered = this.#longValue(cache, key, start, end, isHead, length);
        if (isAnswered !== undefined) return isAnswered;
        continue;
      }
      const bytes = this.#bytes;
      const digits = digitsOf(length);
      if (digits !== this.#digits) {
        bytes.copyWithin(at + fixed + digits, place, place + length);
        this.#digits = digits;
      }
      bytes.set(valueHead, at);
      writeNumber(bytes, at + valueHead.length + digits, length);
      bytes.set(valueTail, at + valueHead.length + digits);
      this.#length = at + fixed + digits + (isHead ? 0 : length);
      this.tally[Answered.VALUE]++;
      return true;
    }
  }

  /**
   * Writes the answer to a read of a value that was `length` bytes long a moment ago, in a buffer of its own.
   *
   * @returns as {@link value}; undefined when it has become longer
   */
  #longValue(
    cache: ImmediateCache,
    key: Uint8Array,
    start: number,
    end: number,
    isHead: boolean,
    length: number,
  ): boolean | undefined {
    const { valueHead } = this.#answers;
    const { valueTail } = this.#current;
    const place = valueHead.length + digitsOf(length) + valueTail.length;
    const bytes = this.#spareOf(place + length + SLACK);
    const now = cache.readInto(key, start, end, bytes.subarray(0, bytes.length - SLACK), place);
    if (now === UNCERTAIN) return false;
    if (now === ABSENT) {
      this.#absent(isHead);
      return true;
    }
    if (now > bytes.length - SLACK - place) return undefined;
    const headEnd = valueHead.length + digitsOf(now);
    const valueAt = headEnd + valueTail.length;
    if (valueAt !== place) bytes.copyWithin(valueAt, place, place + now);
    bytes.set(valueHead);
    writeNumber(bytes, headEnd, now);
    bytes.set(valueTail, headEnd);
    this.#send(bytes.subarray(0, isHead ? valueAt : valueAt + now), () => this.#keep(bytes));
    this.tally[Answered.VALUE]++;
    return true;
  }

  #spareOf(length: number): Buffer<ArrayBuffer> {
    const fitting = this.#spares.findIndex((spare) => spare.length >= length && spare.length <= 2 * length);
    const [spare] = fitting === -1 ? [] : this.#spares.splice(fitting, 1);
    return spare ?? Buffer.allocUnsafeSlow(length);
  }

  #keep(bytes: Buffer<ArrayBuffer>): void {
    if (bytes.length > LONGEST_SPARE) return;
    this.#spares.push(bytes);
    if (this.#spares.length > MOST_SPARES) this.#spares.shift();
  }

  /** Adds the answer to a read that the cache was asked for by `get`. */
  found(result: ReadResult | undefined, isHead: boolean): void {
    if (result === undefined) {
      this.#absent(isHead);
      return;
    }
    const { value, source } = result;
    const head = this.#answers.valueHeadOf(value.length, source);
    this.tally[Answered.VALUE]++;
    this.#add({ whole: isHead ? head : Buffer.concat([head, value]), head }, isHead);
  }

  /** @param isStore whether it was a value that should have been stored */
  unavailable(error: StoreUnavailableError, isHead: boolean, isStore: boolean): void {
    this.tally[isStore ? Answered.UNSTORABLE : Answered.UNREADABLE]++;
    this.#add(this.#answers.unavailable(error), isHead);
  }

  /** Writes what has been added. True when the kernel has taken all of it, and of what was written before. */
  end(): boolean {
    this.#write();
    this.#socket = undefined;
    return this.#isTaken;
  }

  #absent(isHead: boolean): void {
    this.tally[Answered.ABSENT]++;
    this.#add(this.#current.absent, isHead);
  }

  #add({ whole, head }: FixedAnswer, isHead: boolean): void {
    const answer = isHead ? head : whole;
    if (this.#length + answer.length > this.#room.length) this.#write();
    if (answer.length > this.#room.length) {
      this.#send(answer);
      return;
    }
    this.#bytes.set(answer, this.#length);
    this.#length += answer.length;
  }

  #write(): void {
    const length = this.#length;
    if (length === 0) return;
    this.#length = 0;
    if (this.#written.length !== length) this.#written = this.#bytes.subarray(0, length);
    this.#send(this.#written);
    if (this.#isTaken) return;
    // What was not taken at once lies in these bytes until it is.
    this.#bytes = Buffer.allocUnsafeSlow(CAPACITY + SLACK);
    this.#room = this.#bytes.subarray(0, CAPACITY);
    this.#written = this.#bytes.subarray(0, 0);
  }

  #send(bytes: Uint8Array, whenTaken?: () => void): void {
    const socket = this.#socket;
    if (socket === undefined) throw new Error('nobody to answer');
    socket.write(bytes, whenTaken);
    this.#isTaken = socket.writableLength === 0;
  }
}
