/** Commands about a part of a value, or its length. */
import type { Arguments } from './arguments.js';
import { type Command, CommandError } from './command.js';
import { clampedInteger } from './integers.js';
import { ONE_KEY } from './key-check.js';
import type { Keyspace } from './keyspace.js';
import type { Reply } from './reply.js';

const EMPTY = Buffer.alloc(0);

export function rangeCommands(keyspace: Keyspace): Command[] {
  return [
    {
      name: 'strlen',
      arity: 2,
      flags: ['readonly', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => {
        const length = keyspace.entries.valueLengthRange(args.bytes, args.start(1), args.end(1));
        keyspace.count(length >= 0);
        reply.integer(Math.max(0, length));
      },
    },
    {
      name: 'append',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => append(keyspace, args, reply),
    },
    {
      name: 'getrange',
      arity: 4,
      flags: ['readonly'],
      keys: ONE_KEY,
      run: (args, reply) => getRange(keyspace, args, reply),
    },
    {
      name: 'setrange',
      arity: 4,
      flags: ['write', 'denyoom'],
      keys: ONE_KEY,
      run: (args, reply) => setRange(keyspace, args, reply),
    },
  ];
}

function append(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  let total: number;
  let expiry: number;
  let value: Buffer;
  do {
    const length = keyspace.read(args, 1);
    const before = Math.max(0, length);
    total = before + args.length(2);
    keyspace.checkFits(total);
    value = keyspace.makeRoom(total, before);
    args.bytes.copy(value, before, args.start(2), args.end(2));
    expiry = length < 0 ? keyspace.defaultExpiry : keyspace.expiry;
  } while (!keyspace.replace(args, 1, value, 0, total, expiry));
  reply.integer(total);
}

function getRange(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const first = clampedInteger(args, 2);
  const last = clampedInteger(args, 3);
  const length = keyspace.lookUp(args, 1);
  reply.bulk(length <= 0 ? EMPTY : partOf(keyspace.found.subarray(0, length), first, last));
}

/** The bytes of a value from the first to the last, where negative ones count from its end. */
export function partOf(value: Uint8Array, first: number, last: number): Uint8Array {
  const { length } = value;
  if (first < 0 && last < 0 && first > last) return EMPTY;
  const from = Math.max(0, first < 0 ? length + first : first);
  // A last byte before the first is the first.
  const to = Math.min(length, Math.max(0, last < 0 ? length + last : last) + 1);
  return from < to ? value.subarray(from, to) : EMPTY;
}

function setRange(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const offset = clampedInteger(args, 2);
  if (offset < 0) throw new CommandError('ERR offset is out of range');
  let total: number;
  let start: number;
  let expiry: number;
  let value: Buffer;
  do {
    const length = keyspace.read(args, 1);
    const before = Math.max(0, length);
    if (args.length(3) === 0) {
      reply.integer(before);
      return;
    }
    total = Math.max(before, offset + args.length(3));
    keyspace.checkFits(offset + args.length(3));
    // Behind what was read, which has to stay as it is.
    start = before;
    value = keyspace.makeRoom(start + total, before);
    value.copy(value, start, 0, before);
    value.fill(0, start + before, start + total);
    args.bytes.copy(value, start + offset, args.start(3), args.end(3));
    expiry = length < 0 ? keyspace.defaultExpiry : keyspace.expiry;
  } while (!keyspace.replace(args, 1, value, start, start + total, expiry));
  reply.integer(total);
}
