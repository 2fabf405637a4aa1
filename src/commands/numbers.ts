/** Commands that count: whole numbers of 64 bits, and numbers with a fraction. */
import type { Arguments } from './arguments.js';
import { type Command, CommandError, NOT_A_FLOAT } from './command.js';
import { formatFloating, parseFloating } from './floats.js';
import { Digits, LARGEST, longInteger, SMALLEST, shortInteger } from './integers.js';
import { ONE_KEY } from './key-check.js';
import type { Keyspace } from './keyspace.js';
import type { Reply } from './reply.js';

/** Of the command that is just being run: none of them waits. */
const digits = new Digits();

export function numberCommands(keyspace: Keyspace): Command[] {
  return [
    {
      name: 'incr',
      arity: 2,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => add(keyspace, args, reply, 1),
    },
    {
      name: 'decr',
      arity: 2,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => add(keyspace, args, reply, -1),
    },
    {
      name: 'incrby',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => {
        const increment = shortInteger(args.bytes, args.start(2), args.end(2));
        if (Number.isNaN(increment)) addLong(keyspace, args, reply, longWord(args, 2));
        else add(keyspace, args, reply, increment);
      },
    },
    {
      name: 'decrby',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => {
        const decrement = shortInteger(args.bytes, args.start(2), args.end(2));
        if (Number.isNaN(decrement)) subtractLong(keyspace, args, reply, longWord(args, 2));
        else add(keyspace, args, reply, -decrement);
      },
    },
    {
      name: 'incrbyfloat',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => addFloating(keyspace, args, reply),
    },
  ];
}

/** @param increment of 15 digits at most */
function add(keyspace: Keyspace, args: Arguments, reply: Reply, increment: number): void {
  let sum: number;
  let expiry: number;
  do {
    const length = keyspace.read(args, 1);
    const value = length < 0 ? 0 : shortInteger(keyspace.found, 0, length);
    if (Number.isNaN(value)) {
      addLong(keyspace, args, reply, BigInt(increment));
      return;
    }
    sum = value + increment;
    digits.write(sum);
    expiry = length < 0 ? keyspace.defaultExpiry : keyspace.expiry;
  } while (!keyspace.replace(args, 1, digits.bytes, digits.start, digits.bytes.length, expiry));
  reply.integer(sum);
}

/** The same for numbers of all lengths. */
function addLong(keyspace: Keyspace, args: Arguments, reply: Reply, increment: bigint): void {
  let sum: bigint;
  let expiry: number;
  do {
    const length = keyspace.read(args, 1);
    sum = increment + (length < 0 ? 0n : longInteger(keyspace.found, 0, length));
    if (sum < SMALLEST || sum > LARGEST) {
      throw new CommandError('ERR increment or decrement would overflow');
    }
    digits.writeLong(sum);
    expiry = length < 0 ? keyspace.defaultExpiry : keyspace.expiry;
  } while (!keyspace.replace(args, 1, digits.bytes, digits.start, digits.bytes.length, expiry));
  reply.integer(sum);
}

function subtractLong(keyspace: Keyspace, args: Arguments, reply: Reply, decrement: bigint): void {
  if (decrement === SMALLEST) throw new CommandError('ERR decrement would overflow');
  addLong(keyspace, args, reply, -decrement);
}

function longWord(args: Arguments, index: number): bigint {
  return longInteger(args.bytes, args.start(index), args.end(index));
}

function addFloating(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const increment = parseFloating(args.bytes.toString('latin1', args.start(2), args.end(2)));
  let sum: Buffer;
  let expiry: number;
  do {
    const length = keyspace.read(args, 1);
    const value = length < 0 ? 0 : parseFloating(keyspace.found.toString('latin1', 0, length));
    if (value === undefined || increment === undefined) throw new CommandError(NOT_A_FLOAT);
    if (!Number.isFinite(value + increment)) {
      throw new CommandError('ERR increment would produce NaN or Infinity');
    }
    sum = Buffer.from(formatFloating(value + increment));
    expiry = length < 0 ? keyspace.defaultExpiry : keyspace.expiry;
  } while (!keyspace.replace(args, 1, sum, 0, sum.length, expiry));
  reply.bulk(sum);
}
