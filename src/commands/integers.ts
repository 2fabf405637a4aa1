/**
 * Whole numbers of 64 bits as Redis reads and writes them: digits, a minus before them at most, no zero in front. Those
 * that a number is exact for, which is nearly all, come and go without a string or a BigInt.
 */
import type { Arguments } from './arguments.js';
import { CommandError, NOT_AN_INTEGER } from './command.js';

export const LARGEST = 2n ** 63n - 1n;
export const SMALLEST = -(2n ** 63n);

/** So many digits are always exact, and so is the sum of two such numbers. */
const SHORT_DIGITS = 15;
/** Of the longest, with its sign. */
const MOST_CHARACTERS = 20;

const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;

/** Whether the bytes from `start` to before `end` are a whole number, of whatever length. */
function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start === 1 && bytes[start] === ZERO) return true;
  const first = bytes[start] === MINUS ? start + 1 : start;
  if (first >= end || bytes[first] === ZERO) return false;
  for (let at = first; at < end; at++) if (bytes[at] < ZERO || bytes[at] > NINE) return false;
  return true;
}

/** The number from `start` to before `end`; NaN when it has more than 15 digits, or is none. */
export function shortInteger(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === MINUS;
  const first = isNegative ? start + 1 : start;
  if (end - first > SHORT_DIGITS || !isInteger(bytes, start, end)) return Number.NaN;
  let value = 0;
  for (let at = first; at < end; at++) value = value * 10 + (bytes[at] - ZERO);
  return isNegative ? -value : value;
}

/**
 * The number from `start` to before `end`.
 *
 * @throws {CommandError} with this message when it is none, or none of 64 bits
 */
export function longInteger(bytes: Buffer, start: number, end: number, message = NOT_AN_INTEGER): bigint {
  if (end - start <= MOST_CHARACTERS && isInteger(bytes, start, end)) {
    const value = BigInt(bytes.toString('latin1', start, end));
    if (value >= SMALLEST && value <= LARGEST) return value;
  }
  throw new CommandError(message);
}

/**
 * A word as a whole number; one that a number is not exact for comes as the largest or smallest that it is, for
 * commands to which it makes no difference.
 *
 * @throws {CommandError} with this message when it is none, or none of 64 bits
 */
export function clampedInteger(args: Arguments, index: number, message = NOT_AN_INTEGER): number {
  const { bytes } = args;
  const start = args.start(index);
  const end = args.end(index);
  const value = shortInteger(bytes, start, end);
  return Number.isNaN(value) ? clamped(longInteger(bytes, start, end, message)) : value;
}

/** The nearest number that is exact. */
export function clamped(value: bigint): number {
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number(value), Number.MAX_SAFE_INTEGER));
}

/** Writes whole numbers down, each over the one before: from `start` to the end of `bytes`. */
export class Digits {
  readonly bytes = Buffer.allocUnsafeSlow(MOST_CHARACTERS);
  start = MOST_CHARACTERS;

  /** @param value a safe integer */
  write(value: number): void {
    const { bytes } = this;
    let at = MOST_CHARACTERS;
    let left = Math.abs(value);
    do {
      const tens = Math.floor(left / 10);
      bytes[--at] = ZERO + left - tens * 10;
      left = tens;
    } while (left > 0);
    if (value < 0) bytes[--at] = MINUS;
    this.start = at;
  }

  /** @param value of 64 bits */
  writeLong(value: bigint): void {
    const text = String(value);
    this.start = MOST_CHARACTERS - text.length;
    this.bytes.write(text, this.start, 'latin1');
  }
}
