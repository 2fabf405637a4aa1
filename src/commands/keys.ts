/** Commands about keys as such, whatever their values are. */
import type { Arguments } from './arguments.js';
import { type Command, CommandError, SYNTAX_ERROR } from './command.js';
import { checkDatabase } from './database.js';
import { ALL_KEYS, ONE_KEY, TWO_KEYS } from './key-check.js';
import type { Keyspace } from './keyspace.js';
import { OK } from './reply.js';

export function keyCommands(keyspace: Keyspace): Command[] {
  return [
    {
      name: 'del',
      arity: -2,
      flags: ['write'],
      keys: ALL_KEYS,
      run: (args, reply) => reply.integer(remove(keyspace, args)),
    },
    {
      name: 'unlink',
      arity: -2,
      flags: ['write', 'fast'],
      keys: ALL_KEYS,
      run: (args, reply) => reply.integer(remove(keyspace, args)),
    },
    {
      name: 'exists',
      arity: -2,
      flags: ['readonly', 'fast'],
      keys: ALL_KEYS,
      run: (args, reply) => reply.integer(existing(keyspace, args)),
    },
    {
      name: 'touch',
      arity: -2,
      flags: ['readonly', 'fast'],
      keys: ALL_KEYS,
      run: (args, reply) => reply.integer(touched(keyspace, args)),
    },
    {
      name: 'type',
      arity: 2,
      flags: ['readonly', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => {
        const exists = keyspace.has(args, 1);
        keyspace.count(exists);
        reply.status(exists ? 'string' : 'none');
      },
    },
    {
      name: 'rename',
      arity: 3,
      flags: ['write'],
      keys: TWO_KEYS,
      run: (args, reply) => {
        rename(keyspace, args, false);
        reply.status(OK);
      },
    },
    {
      name: 'renamenx',
      arity: 3,
      flags: ['write', 'fast'],
      keys: TWO_KEYS,
      run: (args, reply) => reply.integer(rename(keyspace, args, true) ? 1 : 0),
    },
    {
      name: 'copy',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: TWO_KEYS,
      run: (args, reply) => {
        const replaces = parseCopy(args);
        if (isSameKey(args)) {
          throw new CommandError('ERR source and destination objects are the same');
        }
        reply.integer(copy(keyspace, args, replaces) ? 1 : 0);
      },
    },
  ];
}

function remove(keyspace: Keyspace, args: Arguments): number {
  return args.count === 2 ? removeAll(keyspace, args) : keyspace.exclusively(() => removeAll(keyspace, args));
}

function removeAll(keyspace: Keyspace, args: Arguments): number {
  let removed = 0;
  for (let index = 1; index < args.count; index++) if (keyspace.remove(args, index)) removed++;
  return removed;
}

function existing(keyspace: Keyspace, args: Arguments): number {
  let count = 0;
  for (let index = 1; index < args.count; index++) {
    const exists = keyspace.has(args, index);
    keyspace.count(exists);
    if (exists) count++;
  }
  return count;
}

function touched(keyspace: Keyspace, args: Arguments): number {
  let count = 0;
  for (let index = 1; index < args.count; index++) {
    const exists = keyspace.entries.touchRange(args.bytes, args.start(index), args.end(index));
    keyspace.count(exists);
    if (exists) count++;
  }
  return count;
}

/** False when the new name is taken, and may not be. @throws {CommandError} when there is nothing to rename */
function rename(keyspace: Keyspace, args: Arguments, onlyIfNew: boolean): boolean {
  return keyspace.exclusively(() => {
    const length = keyspace.read(args, 1);
    if (length < 0) throw new CommandError('ERR no such key');
    if (isSameKey(args)) return !onlyIfNew;
    if (onlyIfNew && keyspace.has(args, 2)) return false;
    keyspace.put(args, 2, keyspace.found, 0, length, keyspace.expiry);
    keyspace.remove(args, 1);
    return true;
  });
}

function copy(keyspace: Keyspace, args: Arguments, replaces: boolean): boolean {
  return keyspace.exclusively(() => {
    const length = keyspace.lookUp(args, 1);
    if (length < 0 || (!replaces && keyspace.has(args, 2))) return false;
    keyspace.put(args, 2, keyspace.found, 0, length, keyspace.expiry);
    return true;
  });
}

/** Whether `COPY` may replace. @throws {CommandError} when its options are wrong */
export function parseCopy(args: Arguments): boolean {
  let replaces = false;
  for (let index = 3; index < args.count; index++) {
    if (args.is(index, 'replace')) replaces = true;
    else if (args.is(index, 'db') && index + 1 < args.count) checkDatabase(args, ++index);
    else throw new CommandError(SYNTAX_ERROR);
  }
  return replaces;
}

function isSameKey(args: Arguments): boolean {
  const { bytes } = args;
  return bytes.compare(bytes, args.start(1), args.end(1), args.start(2), args.end(2)) === 0;
}
