/**
 * Which commands are certain to be answered without waiting for anything. It is asked when all places of the concurrency
 * limit are taken: such commands need none. What is not certain may still turn out to be answered at once. And rarely what
 * is certain has to wait: when another thread removes a value between the look at it here and the command.
 */
import type { ImmediateCache } from '../store/tiered.js';
import type { Arguments } from './arguments.js';
import { isKey } from './key-check.js';
import { keyIndexes } from './key-indexes.js';
import type { KnownCommand } from './lookup.js';

/** With keys that are those of a store behind the map: what is answered from the map when it has all of them. */
const FROM_THE_MAP: ReadonlySet<string> = new Set(['get', 'mget', 'exists', 'touch', 'strlen', 'getrange']);

/** Too small for any value: what is read into it is neither copied nor counted. */
const NOWHERE = new Uint8Array(0);

/** @param isSettled whether the map knows what all keys have; undefined: keys are the store's */
export function isAtOnce(
  command: KnownCommand,
  args: Arguments,
  cache: ImmediateCache,
  isSettled: boolean | undefined,
): boolean {
  // Without keys it is Redis that says which do not look at everything, or wait for others: those are fast.
  if (command.keys === undefined) return command.flags.includes('fast');
  if (isSettled !== undefined) return isSettled;
  if (!FROM_THE_MAP.has(command.fullName)) return false;
  for (const index of keyIndexes(command, args)) {
    // A word is missing, or is no key: the command is refused.
    if (index >= args.count || !isKey(args, index)) return true;
    if (cache.readInto(args.bytes, args.start(index), args.end(index), NOWHERE, 1) < 0) return false;
  }
  return true;
}
