/** What saving and restoring have in common as a caller sees them: path, options, and work that is done in steps. */
import type { SnapshotOptions } from './cache-types.js';
import { describe } from './key-buffer.js';
import { MAX_TTL, wholeNumber } from './options.js';

/** @throws {TypeError} when it is no path of a file */
export function checkPath(path: unknown): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return;
  const found = typeof path === 'string' ? JSON.stringify(path) : describe(path);
  throw new TypeError(`path must be the path of a file, as a string, not ${found}`);
}

/**
 * The grace of some options, in milliseconds.
 *
 * @throws {TypeError | RangeError} when there are none, or it is no whole number from 0 to MAX_TTL
 */
export function graceOf(how: SnapshotOptions): number {
  if (typeof how !== 'object' || how === null) {
    throw new TypeError(`how must be an object, not ${describe(how)}`);
  }
  const { grace = 0 } = how;
  return wholeNumber('grace', grace, 0, MAX_TTL);
}

/** Takes all steps at once: what they lead to. */
export function completed<Result>(steps: Generator<void, Result, void>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
