/** Times at which keys are to expire, as commands are given them: checked as Redis checks them. */
import type { Arguments } from './arguments.js';
import { CommandError } from './command.js';
import { clamped, LARGEST, longInteger, SMALLEST, shortInteger } from './integers.js';

/** How a time is given. */
export interface TimeForm {
  readonly isInSeconds: boolean;
  /** Counted from now on, not from the epoch. */
  readonly isRelative: boolean;
}

/** By the names of the options of `SET` and `GETEX`. */
export const EX: TimeForm = { isInSeconds: true, isRelative: true };
export const PX: TimeForm = { isInSeconds: false, isRelative: true };
export const EXAT: TimeForm = { isInSeconds: true, isRelative: false };
export const PXAT: TimeForm = { isInSeconds: false, isRelative: false };

/**
 * The time that a word stands for, in milliseconds since the epoch: past or below 0 perhaps. Times that are further off
 * than numbers are exact for, some 285,000 years, come as the last of these.
 *
 * @param command its full name, for the error
 * @throws {CommandError} when it is no whole number, or the time no number of 64 bits
 */
export function timeOf(args: Arguments, index: number, form: TimeForm, command: string): number {
  const base = form.isRelative ? Date.now() : 0;
  const value = shortInteger(args.bytes, args.start(index), args.end(index));
  if (Number.isNaN(value)) return longTimeOf(args, index, form, base, command);
  const time = value * (form.isInSeconds ? 1000 : 1) + base;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(time, Number.MAX_SAFE_INTEGER));
}

/** The same where the word must be above 0, as a time of `SET` must. */
export function timeAboveZeroOf(args: Arguments, index: number, form: TimeForm, command: string): number {
  // Of a word that is no number nothing is said here: `timeOf` says it.
  if (!(shortInteger(args.bytes, args.start(index), args.end(index)) <= 0)) {
    const time = timeOf(args, index, form, command);
    if (time > 0) return time;
  }
  throw invalidTime(command);
}

/** Whether a key with this expiry is over; NEVER is none. */
export function isOver(time: number): boolean {
  return time <= Date.now();
}

function longTimeOf(args: Arguments, index: number, form: TimeForm, base: number, command: string): number {
  const value = longInteger(args.bytes, args.start(index), args.end(index));
  const milliseconds = form.isInSeconds ? value * 1000n : value;
  if (milliseconds < SMALLEST || milliseconds + BigInt(base) > LARGEST) throw invalidTime(command);
  return clamped(milliseconds + BigInt(base));
}

function invalidTime(command: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${command}' command`);
}
