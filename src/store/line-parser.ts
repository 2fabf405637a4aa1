/**
 * The format of data files: finds the lines in chunks of bytes, and key and value in each line. Where chunks begin
 * and end makes no difference.
 *
 * A line is `key<space>value` and ends with LF, CRLF or the end of the file. The key ends at the first space, the
 * value is all the rest. `key ` with nothing behind the space has an empty value: a value may be empty everywhere
 * else, too, and a file could not say so in any other way. Empty lines and a byte order mark at the start mean
 * nothing. All lines are UTF-8; everything else in them is data, NUL too.
 *
 * Memory is bounded by the longest line that is well-formed: of a longer one the rest is skipped. Nothing is
 * allocated per line.
 */
import { isUtf8 } from 'node:buffer';

export const LF = 0x0a;
export const SPACE = 0x20;
const CR = 0x0d;
export const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** Malformed lines that are remembered by number. */
const REPORTED_LINES = 5;

const FIRST_CARRY_BYTES = 4096;

/** What may be wrong with a line. The first one that applies, in this order, is reported. */
export const MALFORMED_REASONS = [
  'no key',
  'key too long',
  'no value',
  'value too large',
  'not UTF-8',
] as const;
export type MalformedReason = (typeof MALFORMED_REASONS)[number];

export interface MalformedLine {
  /** From 1. */
  readonly line: number;
  readonly reason: MalformedReason;
}

export interface LineLimits {
  /** Bytes. */
  readonly maxKeySize: number;
  /** Bytes. */
  readonly maxValueSize: number;
}

/**
 * Takes an entry: `bytes` holds its key from `keyStart` to before `keyEnd` and its value from `valueStart` to before
 * `valueEnd`, during the call only. `offset` is where the key begins in the file.
 */
export type EntrySink = (
  bytes: Buffer,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  offset: number,
) => void;

export class LineParser {
  readonly #limits: LineLimits;
  readonly #sink: EntrySink;
  readonly #malformed = new Map<MalformedReason, number>();
  readonly #firstMalformed: MalformedLine[] = [];
  #lines = 0;
  /** Bytes of the file that were pushed before the chunk at hand. */
  #passed = 0;
  /** The beginning of a line whose end has not come yet. */
  #carry = Buffer.alloc(0);
  #carried = 0;
  /** Where in the file the carried bytes begin. */
  #carryOffset = 0;
  /** The line at hand is longer than any that is well-formed, and has been counted: the rest is not looked at. */
  #skipping = false;
  /** Carried bytes from which on a line can't be well-formed any more. */
  readonly #tooMany: number;

  constructor(limits: LineLimits, sink: EntrySink) {
    this.#limits = limits;
    this.#sink = sink;
    this.#tooMany = BYTE_ORDER_MARK.length + longestLine(limits) + 1;
  }

  /** Lines that were met so far, empty and malformed ones included. */
  get lines(): number {
    return this.#lines;
  }

  /** How many lines were malformed, by reason. */
  get malformed(): ReadonlyMap<MalformedReason, number> {
    return this.#malformed;
  }

  /** The first few malformed lines. */
  get firstMalformed(): readonly MalformedLine[] {
    return this.#firstMalformed;
  }

  /** Takes the next bytes of the file. They may be overwritten afterwards. */
  push(chunk: Buffer): void {
    this.#lineParts(chunk);
    this.#passed += chunk.length;
  }

  #lineParts(chunk: Buffer): void {
    let at = 0;
    if (this.#carried > 0 || this.#skipping) {
      const end = chunk.indexOf(LF);
      this.#keep(chunk, 0, end === -1 ? chunk.length : end);
      if (end === -1) return;
      this.#endCarriedLine();
      at = end + 1;
    }
    const last = chunk.lastIndexOf(LF);
    if (last >= at) {
      this.#wholeLines(chunk, at, last);
      at = last + 1;
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length);
  }

  /** Says that the file has ended: a last line without an end is one, too. */
  end(): void {
    // A CR at its end was to be a CRLF, of which the file lost a byte: it is no part of the value either.
    if (this.#carried > 0 || this.#skipping) this.#endCarriedLine();
  }

  /** Lines from `start` to the LF at `last`. */
  #wholeLines(chunk: Buffer, start: number, last: number): void {
    // One look at all of them is much faster than one each; LF is never a part of another character.
    const valid = isUtf8(chunk.subarray(start, last));
    for (let at = start; at <= last; ) {
      const end = chunk.indexOf(LF, at);
      this.#line(chunk, at, end, this.#passed, valid);
      at = end + 1;
    }
  }

  /**
   * A line without its LF.
   *
   * @param origin where in the file `bytes` begins
   * @param valid whether it is known to be UTF-8
   */
  #line(bytes: Buffer, lineStart: number, lineEnd: number, origin: number, valid: boolean): void {
    this.#lines++;
    const start = this.#lines === 1 ? afterByteOrderMark(bytes, lineStart, lineEnd) : lineStart;
    const end = withoutCarriageReturn(bytes, start, lineEnd);
    if (start === end) return;
    const { maxKeySize, maxValueSize } = this.#limits;
    const keyLimit = Math.min(end, start + maxKeySize + 1);
    let space = start;
    while (space < keyLimit && bytes[space] !== SPACE) space++;

    if (space === start) this.#reject('no key');
    else if (space - start > maxKeySize) this.#reject('key too long');
    else if (space === end) this.#reject('no value');
    else if (end - space - 1 > maxValueSize) this.#reject('value too large');
    else if (!valid && !isUtf8(bytes.subarray(start, end))) this.#reject('not UTF-8');
    else this.#sink(bytes, start, space, space + 1, end, origin + start);
  }

  #reject(reason: MalformedReason): void {
    this.#malformed.set(reason, (this.#malformed.get(reason) ?? 0) + 1);
    if (this.#firstMalformed.length < REPORTED_LINES)
      this.#firstMalformed.push({ line: this.#lines, reason });
  }

  /** Carries a part of a line on, unless the line has become too long. */
  #keep(chunk: Buffer, start: number, end: number): void {
    if (this.#skipping) return;
    if (this.#carried === 0) this.#carryOffset = this.#passed + start;
    const kept = Math.min(end - start, this.#tooMany - this.#carried);
    this.#makeRoom(this.#carried + kept);
    chunk.copy(this.#carry, this.#carried, start, start + kept);
    this.#carried += kept;
    if (this.#carried < this.#tooMany) return;
    // So much of a line is always malformed, whatever follows.
    this.#line(this.#carry, 0, this.#carried, this.#carryOffset, false);
    this.#carried = 0;
    this.#skipping = true;
  }

  #endCarriedLine(): void {
    if (!this.#skipping) this.#line(this.#carry, 0, this.#carried, this.#carryOffset, false);
    this.#carried = 0;
    this.#skipping = false;
  }

  #makeRoom(size: number): void {
    if (size <= this.#carry.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#carry.length, FIRST_CARRY_BYTES));
    this.#carry.copy(larger, 0, 0, this.#carried);
    this.#carry = larger;
  }
}

/** Bytes of the longest line that is well-formed, without its LF and a byte order mark. */
export function longestLine({ maxKeySize, maxValueSize }: LineLimits): number {
  // Key, space, value, and the CR of a CRLF.
  return maxKeySize + 1 + maxValueSize + 1;
}

/** Where a line ends whose LF, or the end of the file, is at `end`. */
export function withoutCarriageReturn(bytes: Uint8Array, start: number, end: number): number {
  return end > start && bytes[end - 1] === CR ? end - 1 : end;
}

function afterByteOrderMark(bytes: Buffer, start: number, end: number): number {
  const { length } = BYTE_ORDER_MARK;
  const marked = end - start >= length && BYTE_ORDER_MARK.every((byte, i) => bytes[start + i] === byte);
  return marked ? start + length : start;
}
