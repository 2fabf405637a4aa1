/**
 * Replies in RESP2 and RESP3, gathered in an outbox.
 *
 * Reference: https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
import type { Reply } from '../../commands/reply.js';
import { ABSENT, type ImmediateCache, UNCERTAIN } from '../../store/tiered.js';
import { digitsOf, writeNumber } from '../bytes.js';
import type { Outbox } from '../outbox.js';

const CR = 0x0d;
const LF = 0x0a;

/** Type, sign, digits and end of the line of any number of 64 bits. */
const LONGEST_NUMBER = 1 + 20 + 2;

/** Largest whole number that is written digit by digit. */
const MOST_BY_DIGITS = 2 ** 31;

/** Bytes that must be free beside a value's so that it is sure to fit with the lines around it. */
const AROUND_VALUE = 64;

const ARRAY = 0x2a;
const BULK = 0x24;
const INTEGER = 0x3a;
const MAP = 0x25;
const SET = 0x7e;
const VERBATIM = 0x3d;

const OK_LINE = Buffer.from('+OK\r\n');
const NIL_2 = Buffer.from('$-1\r\n');
const NIL_ARRAY_2 = Buffer.from('*-1\r\n');
const NIL_3 = Buffer.from('_\r\n');

export class RespReply implements Reply {
  /** Who is answered, in its version of the protocol. */
  audience: { readonly protocol: 2 | 3 } = { protocol: 2 };
  /** Errors that have been told of, ever. */
  errors = 0;
  readonly #outbox: Outbox;
  /** Digits of the length of the last value: the next is likely to have as many. */
  #digits = 2;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  status(text: string): void {
    if (text === 'OK') this.#add(OK_LINE);
    else this.#add(Buffer.from(`+${text}\r\n`));
  }

  error(message: string): void {
    this.errors++;
    this.#add(Buffer.from(`-${message.replace(/[\r\n]/g, ' ')}\r\n`));
  }

  integer(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < MOST_BY_DIGITS) this.#number(INTEGER, value);
    else this.#add(Buffer.from(`:${value}\r\n`));
  }

  bulk(bytes: Uint8Array): void {
    const { length } = bytes;
    const outbox = this.#outbox;
    if (!outbox.makeRoom(LONGEST_NUMBER + length + 2)) {
      this.#number(BULK, length);
      outbox.send(Buffer.from(bytes));
      this.#endOfLine();
      return;
    }
    this.#number(BULK, length);
    outbox.bytes.set(bytes, outbox.length);
    outbox.length += length;
    this.#endOfLine();
  }

  text(text: string): void {
    this.bulk(Buffer.from(text));
  }

  verbatim(text: string): void {
    if (this.audience.protocol === 2) {
      this.text(text);
      return;
    }
    const bytes = Buffer.from(`txt:${text}\r\n`);
    this.#number(VERBATIM, bytes.length - 2);
    this.#add(bytes);
  }

  nil(): void {
    this.#add(this.audience.protocol === 2 ? NIL_2 : NIL_3);
  }

  nilArray(): void {
    this.#add(this.audience.protocol === 2 ? NIL_ARRAY_2 : NIL_3);
  }

  double(value: number): void {
    const text = Number.isFinite(value) || Number.isNaN(value) ? `${value}` : value > 0 ? 'inf' : '-inf';
    if (this.audience.protocol === 2) this.text(text);
    else this.#add(Buffer.from(`,${text.toLowerCase()}\r\n`));
  }

  array(length: number): void {
    this.#number(ARRAY, length);
  }

  set(length: number): void {
    this.#number(this.audience.protocol === 2 ? ARRAY : SET, length);
  }

  map(pairs: number): void {
    if (this.audience.protocol === 2) this.#number(ARRAY, 2 * pairs);
    else this.#number(MAP, pairs);
  }

  value(cache: ImmediateCache, bytes: Uint8Array, start: number, end: number): boolean {
    const outbox = this.#outbox;
    for (;;) {
      const at = outbox.length;
      // Behind the line of its length if that has as many digits as the one before.
      const place = at + 1 + this.#digits + 2;
      const length = cache.readInto(bytes, start, end, outbox.room, place);
      if (length === UNCERTAIN) return false;
      if (length === ABSENT) {
        this.nil();
        return true;
      }
      if (length > outbox.room.length - place) {
        if (outbox.makeRoom(length + AROUND_VALUE)) continue;
        const isAnswered = this.#longValue(cache, bytes, start, end, length);
        if (isAnswered !== undefined) return isAnswered;
        continue;
      }
      const digits = digitsOf(length);
      if (digits !== this.#digits) {
        outbox.bytes.copyWithin(at + 1 + digits + 2, place, place + length);
        this.#digits = digits;
      }
      this.#number(BULK, length, digits);
      outbox.length += length;
      this.#endOfLine();
      return true;
    }
  }

  /**
   * Writes a value that was `length` bytes long a moment ago, in a buffer of its own.
   *
   * @returns as {@link value}; undefined when its length is another by now
   */
  #longValue(
    cache: ImmediateCache,
    key: Uint8Array,
    start: number,
    end: number,
    length: number,
  ): boolean | undefined {
    const outbox = this.#outbox;
    const place = 1 + digitsOf(length) + 2;
    const bytes = outbox.spareOf(place + length + 2);
    const now = cache.readInto(key, start, end, bytes.subarray(0, place + length), place);
    if (now === UNCERTAIN) return false;
    if (now === ABSENT) {
      this.nil();
      return true;
    }
    const valueEnd = place + now;
    if (now > length || putLine(bytes, 0, BULK, now, digitsOf(now)) !== place) return undefined;
    bytes[valueEnd] = CR;
    bytes[valueEnd + 1] = LF;
    outbox.sendSpare(bytes, valueEnd + 2);
    return true;
  }

  #add(bytes: Buffer): void {
    const outbox = this.#outbox;
    if (outbox.makeRoom(bytes.length)) {
      outbox.bytes.set(bytes, outbox.length);
      outbox.length += bytes.length;
    } else outbox.send(bytes);
  }

  /** Adds a line: what it is of, and a number of so many digits. */
  #number(type: number, number: number, digits = digitsOf(number)): void {
    const outbox = this.#outbox;
    outbox.makeRoom(LONGEST_NUMBER);
    outbox.length = putLine(outbox.bytes, outbox.length, type, number, digits);
  }

  #endOfLine(): void {
    const outbox = this.#outbox;
    outbox.makeRoom(2);
    outbox.bytes[outbox.length] = CR;
    outbox.bytes[outbox.length + 1] = LF;
    outbox.length += 2;
  }
}

/** Writes a line of a type and a number. @returns where it ends */
function putLine(bytes: Uint8Array, at: number, type: number, number: number, digits: number): number {
  const end = at + 1 + digits;
  bytes[at] = type;
  writeNumber(bytes, end, number);
  bytes[end] = CR;
  bytes[end + 1] = LF;
  return end + 2;
}
