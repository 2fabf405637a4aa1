/** Which words of a command are keys, and what keys have to be like. */
import { MAX_KEY_BYTES } from '../../shards/index.js';
import type { Arguments } from './arguments.js';
import { type Command, CommandError, type KeyPositions } from './command.js';

/** The first word after the command's. */
export const ONE_KEY: KeyPositions = { first: 1, last: 1, step: 1 };
export const TWO_KEYS: KeyPositions = { first: 1, last: 2, step: 1 };
export const ALL_KEYS: KeyPositions = { first: 1, last: -1, step: 1 };
/** Keys, each with a value behind it. */
export const PAIRS: KeyPositions = { first: 1, last: -1, step: 2 };

const BAD_KEY = `ERR key must be 1 to ${MAX_KEY_BYTES} bytes long`;

/** Whether a word is as long as a key may be. The map throws a RangeError when it is given another one. */
export function isKey(args: Arguments, index: number): boolean {
  const length = args.length(index);
  return length >= 1 && length <= MAX_KEY_BYTES;
}

/** The command, which refuses keys of other lengths than the map takes before it does anything. */
export function withCheckedKeys(command: Command): Command {
  const { keys, run } = command;
  if (keys === undefined) return command;
  return {
    ...command,
    run: (args, reply, client) => {
      checkKeys(args, keys);
      return run(args, reply, client);
    },
  };
}

/** @throws {CommandError} when a key is too short or too long */
export function checkKeys(args: Arguments, { first, last, step }: KeyPositions): void {
  const end = last < 0 ? args.count + last : last;
  for (let index = first; index <= end; index += step) {
    if (!isKey(args, index)) throw new CommandError(BAD_KEY);
  }
}
