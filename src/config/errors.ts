/**
 * The error of somebody who called the program wrongly. `bin/` prints its message as one line and exits with
 * code 2.
 */

/** Longest part of a bad value that is repeated in a message, in UTF-16 units. */
const SHOWN_LENGTH = 100;

/** A flag, an environment variable or an argument that can't be used. The message is one readable line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * The error for a value that is not allowed.
 *
 * @param source what gave the value: a flag (`--port`), a variable (`HOTSHARD_PORT`) or an argument (`KEY`)
 * @param value as it was given
 * @param allowed what would be allowed, so that "must be …" can stand before it
 */
export function badValue(source: string, value: string, allowed: string): UsageError {
  return new UsageError(`bad value ${quote(value)} for ${source}: must be ${allowed}`);
}

/** A string in quotes, on one line and of bounded length. */
export function quote(value: string): string {
  return JSON.stringify(value.length > SHOWN_LENGTH ? `${value.slice(0, SHOWN_LENGTH)}…` : value);
}

/** What somebody else's error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
