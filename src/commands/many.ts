/** Commands that read or write the values of several keys. */
import type { ImmediateCache } from '../store/tiered.js';
import type { Arguments } from './arguments.js';
import { type Command, CommandError } from './command.js';
import { ALL_KEYS, PAIRS } from './key-check.js';
import type { Keyspace } from './keyspace.js';
import { OK, type Reply } from './reply.js';

export function manyCommands(keyspace: Keyspace): Command[] {
  const values = new MapValues(keyspace);
  return [
    {
      name: 'mget',
      arity: -2,
      flags: ['readonly', 'fast'],
      keys: ALL_KEYS,
      run: (args, reply) => mget(values, args, reply),
    },
    {
      name: 'mset',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: PAIRS,
      run: (args, reply) => {
        checkPairs(keyspace, args, 'mset');
        if (args.count === 3) putPairs(keyspace, args);
        else keyspace.exclusively(() => putPairs(keyspace, args));
        reply.status(OK);
      },
    },
    {
      name: 'msetnx',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: PAIRS,
      run: (args, reply) => {
        checkPairs(keyspace, args, 'msetnx');
        reply.integer(keyspace.exclusively(() => putNewPairs(keyspace, args)) ? 1 : 0);
      },
    },
  ];
}

/** What the map itself has, which is certain: for a reply of several values, which can't be taken back for one of them. */
class MapValues implements ImmediateCache {
  readonly #keyspace: Keyspace;

  constructor(keyspace: Keyspace) {
    this.#keyspace = keyspace;
  }

  readInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    const length = this.#keyspace.entries.getRangeInto(key, start, end, target, place);
    // What does not fit is asked for again.
    if (length <= target.length - place) this.#keyspace.count(length >= 0);
    return length;
  }

  writeFrom(): boolean {
    return false;
  }
}

function mget(values: ImmediateCache, args: Arguments, reply: Reply): void {
  reply.array(args.count - 1);
  for (let index = 1; index < args.count; index++) {
    reply.value(values, args.bytes, args.start(index), args.end(index));
  }
}

/** @throws {CommandError} when a key lacks its value, or a value does not fit: before any of them is stored */
export function checkPairs(keyspace: Keyspace, args: Arguments, command: string): void {
  if (args.count % 2 === 0) {
    throw new CommandError(`ERR wrong number of arguments for '${command}' command`);
  }
  for (let value = 2; value < args.count; value += 2) keyspace.checkFits(args.length(value));
}

function putPairs(keyspace: Keyspace, args: Arguments): void {
  const { defaultExpiry } = keyspace;
  for (let value = 2; value < args.count; value += 2) {
    keyspace.put(args, value - 1, args.bytes, args.start(value), args.end(value), defaultExpiry);
  }
}

function putNewPairs(keyspace: Keyspace, args: Arguments): boolean {
  for (let key = 1; key < args.count; key += 2) if (keyspace.has(args, key)) return false;
  putPairs(keyspace, args);
  return true;
}
