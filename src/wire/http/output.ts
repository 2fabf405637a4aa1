/** Answers of HTTP, gathered in an outbox. */
import {
  ABSENT,
  type ImmediateCache,
  type ReadResult,
  type StoreUnavailableError,
  UNCERTAIN,
} from '../../store/tiered.js';
import { digitsOf, writeNumber } from '../bytes.js';
import { Outbox, type Sink } from '../outbox.js';
import { Answered, Answers, type AnswersOfSecond, type FixedAnswer } from './answers.js';

/** Of the length of a value. */
const MOST_DIGITS = 10;

export class Output {
  /** How many answers were added, by {@link Answered}. Whoever counts them sets them to 0. */
  readonly tally = new Uint32Array(Object.keys(Answered).length);
  readonly #answers: Answers;
  #current: AnswersOfSecond;
  readonly #outbox = new Outbox();
  /** Digits of the length of the last value: the next is likely to have as many. */
  #digits = 2;

  /** @param keepAliveTimeout milliseconds, as the answers tell of it */
  constructor(keepAliveTimeout: number) {
    this.#answers = new Answers(keepAliveTimeout);
    this.#current = this.#answers.at(Date.now());
  }

  /** What is added from now on goes to this sink. */
  begin(sink: Sink): void {
    this.#outbox.begin(sink);
    this.#current = this.#answers.at(Date.now());
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
    const outbox = this.#outbox;
    const { valueHead } = this.#answers;
    const { valueTail } = this.#current;
    const fixed = valueHead.length + valueTail.length;
    for (;;) {
      const at = outbox.length;
      // Behind the head that it will have if its length has as many digits as the one before.
      const place = at + fixed + this.#digits;
      const length = cache.readInto(key, start, end, outbox.room, place);
      if (length === UNCERTAIN) return false;
      if (length === ABSENT) {
        this.#absent(isHead);
        return true;
      }
      if (length > outbox.room.length - place) {
        outbox.write();
        if (fixed + MOST_DIGITS + length <= outbox.room.length) continue;
        const isAnswered = this.#longValue(cache, key, start, end, isHead, length);
        if (isAnswered !== undefined) return isAnswered;
        continue;
      }
      const { bytes } = outbox;
      const digits = digitsOf(length);
      if (digits !== this.#digits) {
        bytes.copyWithin(at + fixed + digits, place, place + length);
        this.#digits = digits;
      }
      bytes.set(valueHead, at);
      writeNumber(bytes, at + valueHead.length + digits, length);
      bytes.set(valueTail, at + valueHead.length + digits);
      outbox.length = at + fixed + digits + (isHead ? 0 : length);
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
    const bytes = this.#outbox.spareOf(place + length + MOST_DIGITS);
    const now = cache.readInto(key, start, end, bytes.subarray(0, bytes.length - MOST_DIGITS), place);
    if (now === UNCERTAIN) return false;
    if (now === ABSENT) {
      this.#absent(isHead);
      return true;
    }
    if (now > bytes.length - MOST_DIGITS - place) return undefined;
    const headEnd = valueHead.length + digitsOf(now);
    const valueAt = headEnd + valueTail.length;
    if (valueAt !== place) bytes.copyWithin(valueAt, place, place + now);
    bytes.set(valueHead);
    writeNumber(bytes, headEnd, now);
    bytes.set(valueTail, headEnd);
    this.#outbox.sendSpare(bytes, isHead ? valueAt : valueAt + now);
    this.tally[Answered.VALUE]++;
    return true;
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

  /** What has been added is written at the end of the turn of the event loop. */
  end(): void {
    this.#outbox.end();
  }

  /** Writes now what would be written at the end of the turn, to whomever. */
  flush(): void {
    this.#outbox.write();
  }

  #absent(isHead: boolean): void {
    this.tally[Answered.ABSENT]++;
    this.#add(this.#current.absent, isHead);
  }

  #add({ whole, head }: FixedAnswer, isHead: boolean): void {
    const answer = isHead ? head : whole;
    const outbox = this.#outbox;
    if (outbox.makeRoom(answer.length)) {
      outbox.bytes.set(answer, outbox.length);
      outbox.length += answer.length;
    } else outbox.send(answer);
  }
}
