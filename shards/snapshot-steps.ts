/** What saving and restoring have in common as a caller sees them: a path, and work that is done in steps. */
import { describe } from './key-buffer.js';

/** @throws {TypeError} when it is no path of a file */
export function checkPath(path: unknown): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return;
  const found = typeof path === 'string' ? JSON.stringify(path) : describe(path);
  throw new TypeError(`path must be the path of a file, as a string, not ${found}`);
}

/** Takes all steps at once: what they lead to. */
export function completed<Result>(steps: Generator<void, Result, void>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}
