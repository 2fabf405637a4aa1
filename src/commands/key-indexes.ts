/** Which words of a command are keys. */
import type { Arguments } from './arguments.js';
import type { Command } from './command.js';

/** Indexes of the words that are keys. */
export function* keyIndexes({ keys }: Pick<Command, 'keys'>, args: Arguments): Iterable<number> {
  if (keys === undefined) return;
  const last = keys.last < 0 ? args.count + keys.last : keys.last;
  for (let index = keys.first; index <= last; index += keys.step) yield index;
}
