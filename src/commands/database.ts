/** Numbers of databases, as `SELECT` and `COPY` are given them: there is one. */
import type { Arguments } from './arguments.js';
import { CommandError } from './command.js';
import { clampedInteger } from './integers.js';

/** What the numbers may be at most: those of 32 bits. */
const SMALLEST_INDEX = -(2 ** 31);
const LARGEST_INDEX = 2 ** 31 - 1;

/** @throws {CommandError} when the word is not the number of the one database */
export function checkDatabase(args: Arguments, index: number): void {
  const database = clampedInteger(args, index);
  if (database < SMALLEST_INDEX || database > LARGEST_INDEX) {
    const range = `${SMALLEST_INDEX} and ${LARGEST_INDEX}`;
    throw new CommandError(`ERR value is out of range, value must between ${range}`);
  }
  if (database !== 0) throw new CommandError('ERR DB index is out of range');
}
