/**
 * Finds commands in what a client of the Redis protocol sends: arrays of bulk strings, or lines for people. Where the
 * bytes end within a command it stops, and goes on from there when more have come: nothing is read twice but the line
 * of a length that was cut. The words of what it protests with are Redis's.
 */
import { Arguments } from '../../commands/arguments.js';
import { splitLine } from './inline.js';

export enum Parsed {
  /** The command's end has not come. */
  MORE,
  /** `args` are a command's words. */
  COMMAND,
  /** Something that asks for nothing, and gets no reply: an empty line, or an empty array. */
  NOTHING,
  /** A word is longer than it may be: it was passed over, and `args` are not whole. */
  TOO_LONG,
  /** It is no command, nor is what follows: `protest` says why. */
  PROTEST,
}

/** Longest line, in bytes: a length, or a command without lengths. */
const LONGEST_LINE = 64 * 1024;
/** Most words of a command. */
const MOST_WORDS = 2 ** 31 - 1;
/** Longest word, in bytes: `proto-max-bulk-len`. */
export const LONGEST_WORD = 512 * 1024 * 1024;
/** The same for a client that has not said a password. */
const MOST_WORDS_OF_STRANGERS = 10;
const LONGEST_WORD_OF_STRANGERS = 16 * 1024;

const CR = 0x0d;
const LF = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;

const NOTHING = Buffer.alloc(0);

/** Said of a line whose end has not come. */
const CUT = -1;

export class Request {
  readonly args = new Arguments();
  protest = '';
  /** Whether the client has still to say a password. */
  isStranger = false;
  /** Where the next byte to look at lies. */
  at = 0;
  /** Bytes of a word that is too long: so many of those to come are not to be kept. */
  skipped = 0;
  /** Where the command under way begins. */
  #begin = 0;
  /** Whether the command's first line has come. */
  #isUnderWay = false;
  /** Words that are still to come. */
  #missing = 0;
  /** Length of the word under way; -1: its length is still to come. */
  #word = -1;
  /** How far a line has been searched for its end. */
  #searched = 0;
  #isTooLong = false;
  readonly #longestKept: number;

  /** @param longestKept bytes of the longest word that is kept */
  constructor(longestKept: number) {
    this.#longestKept = longestKept;
  }

  /** Begins with the bytes of another buffer. */
  begin(bytes: Buffer): void {
    this.args.bytes = bytes;
    this.protest = '';
    this.at = 0;
    this.skipped = 0;
    this.#isUnderWay = false;
    this.#word = -1;
    this.#begin = 0;
    this.#searched = 0;
  }

  /** Lets go of the bytes, and of the room for very many words. */
  end(): void {
    this.args.bytes = NOTHING;
    this.args.shrink();
  }

  /** Where the first byte lies that is still needed. */
  get needed(): number {
    return this.#isUnderWay ? this.#begin : this.at;
  }

  /** The least length that the bytes must have for the word under way to be whole. */
  get announced(): number {
    return this.#word < 0 ? 0 : this.at + this.#word + 2;
  }

  /** The bytes from {@link needed} on lie at the beginning of another buffer now. */
  moveTo(bytes: Buffer): void {
    const by = this.needed;
    this.args.move(bytes, -by);
    this.at -= by;
    this.#begin -= by;
    this.#searched = Math.max(this.at, this.#searched - by);
  }

  /** Passes over what has come of a word that is too long, before it is kept. @returns bytes passed over */
  skip(length: number): number {
    const count = Math.min(this.skipped, length);
    this.skipped -= count;
    return count;
  }

  /** Looks for the next command in the bytes before `end`. */
  next(end: number): Parsed {
    if (!this.#isUnderWay) {
      if (this.at >= end) return Parsed.MORE;
      this.args.clear();
      this.#isTooLong = false;
      this.#begin = this.at;
      if (this.args.bytes[this.at] !== ASTERISK) return this.#line(end);
      const words = this.#length(end, 'mbulk', this.isStranger ? MOST_WORDS_OF_STRANGERS : MOST_WORDS);
      if (words === CUT) return this.protest === '' ? Parsed.MORE : Parsed.PROTEST;
      if (words === 0) return Parsed.NOTHING;
      this.#missing = words;
      this.#isUnderWay = true;
    }
    return this.#words(end);
  }

  /** The command that {@link next} has just found is not run yet: it is found once more. */
  again(): void {
    this.#isUnderWay = true;
    this.#missing = 0;
  }

  #words(end: number): Parsed {
    const { args } = this;
    const { bytes } = args;
    while (this.#missing > 0 || this.skipped > 0) {
      if (this.skipped > 0) {
        this.at += this.skip(end - this.at);
        if (this.skipped > 0) return Parsed.MORE;
        continue;
      }
      if (this.#word < 0) {
        if (this.at >= end) return Parsed.MORE;
        if (bytes[this.at] !== DOLLAR && this.#lineEnd(end) >= 0) {
          return this.#protest(`expected '$', got '${String.fromCharCode(bytes[this.at])}'`);
        }
        const length = this.#length(end, 'bulk', this.isStranger ? LONGEST_WORD_OF_STRANGERS : LONGEST_WORD);
        if (length === CUT) return this.protest === '' ? Parsed.MORE : Parsed.PROTEST;
        if (length > this.#longestKept) {
          this.#isTooLong = true;
          args.add(this.at, this.at);
          this.skipped = length + 2;
          this.#missing--;
          continue;
        }
        this.#word = length;
      }
      const wordEnd = this.at + this.#word;
      if (wordEnd + 2 > end) return Parsed.MORE;
      args.add(this.at, wordEnd);
      this.at = wordEnd + 2;
      this.#word = -1;
      this.#missing--;
    }
    this.#isUnderWay = false;
    return this.#isTooLong ? Parsed.TOO_LONG : Parsed.COMMAND;
  }

  /**
   * The number on the line that begins where the next byte lies, behind its first byte.
   *
   * @returns CUT when the line has not come to its end, or is no length: then there is a protest
   */
  #length(end: number, what: 'mbulk' | 'bulk', most: number): number {
    const { bytes } = this.args;
    let at = this.at + 1;
    let value = 0;
    // So short that it can't be too large for a number, and most lengths are.
    const last = Math.min(end, at + 9);
    while (at < last && bytes[at] >= ZERO && bytes[at] <= NINE) value = value * 10 + bytes[at++] - ZERO;
    const digits = at - this.at - 1;
    const isPlain = digits === 1 || (digits > 1 && bytes[this.at + 1] !== ZERO);
    if (at + 1 < end && bytes[at] === CR && isPlain) at += 2;
    else {
      const lineEnd = this.#lineEnd(end);
      if (lineEnd === CUT) {
        if (end - this.at > LONGEST_LINE) this.#protest(`too big ${what} count string`);
        return CUT;
      }
      value = numberOn(bytes, this.at + 1, lineEnd);
      at = lineEnd + 2;
    }
    if (value > most || (what === 'bulk' && value < 0)) {
      const isStrange =
        this.isStranger && value <= (what === 'bulk' ? LONGEST_WORD : MOST_WORDS) && value >= 0;
      const name = what === 'bulk' ? 'bulk length' : 'multibulk length';
      this.#protest(isStrange ? `unauthenticated ${name}` : `invalid ${name}`);
      return CUT;
    }
    if (Number.isNaN(value)) {
      this.#protest(what === 'bulk' ? 'invalid bulk length' : 'invalid multibulk length');
      return CUT;
    }
    this.at = at;
    // Of an array that is none there are no words.
    return Math.max(0, value);
  }

  /** Where the line that begins at the next byte ends; CUT: not before `end`. */
  #lineEnd(end: number): number {
    const { bytes } = this.args;
    const from = Math.max(this.at, this.#searched);
    const found = bytes.indexOf(CR, from);
    if (found !== -1 && found + 1 < end) return found;
    this.#searched = Math.max(from, found === -1 || found >= end ? end : found);
    return CUT;
  }

  /** A command as people type it: words between blanks. */
  #line(end: number): Parsed {
    const { args } = this;
    const { bytes } = args;
    const from = Math.max(this.at, this.#searched);
    const found = bytes.indexOf(LF, from);
    if (found === -1 || found >= end) {
      this.#searched = end;
      return end - this.at > LONGEST_LINE ? this.#protest('too big inline request') : Parsed.MORE;
    }
    const start = this.at;
    const lineEnd = found > start && bytes[found - 1] === CR ? found - 1 : found;
    this.at = found + 1;
    const words = splitLine(bytes, start, lineEnd);
    if (words === undefined) return this.#protest('unbalanced quotes in request');
    if (words.length === 0) return Parsed.NOTHING;
    // Written over the line: words without their quotes and escapes are never longer than with them.
    let place = start;
    for (const word of words) {
      word.copy(bytes, place);
      args.add(place, place + word.length);
      place += word.length;
    }
    return Parsed.COMMAND;
  }

  #protest(text: string): Parsed {
    this.protest = `ERR Protocol error: ${text}`;
    return Parsed.PROTEST;
  }
}

/** A whole number as Redis reads one: decimal, without leading zeros or plus. NaN when it is none. */
function numberOn(bytes: Buffer, start: number, end: number): number {
  const text = bytes.toString('latin1', start, end);
  return /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? Number(text) : Number.NaN;
}
