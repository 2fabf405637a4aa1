/** Commands about when keys expire. */
import { NEVER } from '../../shards/index.js';
import type { Arguments } from './arguments.js';
import { type Command, CommandError } from './command.js';
import { EX, EXAT, isOver, PX, PXAT, type TimeForm, timeOf } from './expire-time.js';
import { ONE_KEY } from './key-check.js';
import type { Keyspace } from './keyspace.js';
import type { Reply } from './reply.js';

/** What `TTL` and its like say of a key without a value, and of one that never expires. */
const NO_KEY = -2;
const NO_EXPIRY = -1;

export function expiryCommands(keyspace: Keyspace): Command[] {
  return [
    expireCommand(keyspace, 'expire', EX),
    expireCommand(keyspace, 'pexpire', PX),
    expireCommand(keyspace, 'expireat', EXAT),
    expireCommand(keyspace, 'pexpireat', PXAT),
    timeCommand(keyspace, 'ttl', EX),
    timeCommand(keyspace, 'pttl', PX),
    timeCommand(keyspace, 'expiretime', EXAT),
    timeCommand(keyspace, 'pexpiretime', PXAT),
    {
      name: 'persist',
      arity: 2,
      flags: ['write', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => persist(keyspace, args, reply),
    },
  ];
}

function expireCommand(keyspace: Keyspace, name: string, form: TimeForm): Command {
  return {
    name,
    arity: -3,
    flags: ['write', 'fast'],
    keys: ONE_KEY,
    run: (args, reply) => {
      const condition = conditionOf(args);
      const time = timeOf(args, 2, form, name);
      reply.integer(expire(keyspace, args, time, condition) ? 1 : 0);
    },
  };
}

function timeCommand(keyspace: Keyspace, name: string, form: TimeForm): Command {
  return {
    name,
    arity: 2,
    flags: ['readonly', 'fast'],
    keys: ONE_KEY,
    run: (args, reply) => reply.integer(timeLeft(keyspace, args, form)),
  };
}

/** On which expiry of the key now, NEVER or milliseconds since the epoch, it may be given a new one. */
type Condition = (now: number, next: number) => boolean;

// No expiry is later than any.
const CONDITIONS: Readonly<Record<string, Condition>> = {
  nx: (now) => now === NEVER,
  xx: (now) => now !== NEVER,
  gt: (now, next) => now !== NEVER && next > now,
  lt: (now, next) => now === NEVER || next < now,
};

/** @throws {CommandError} when an option is none, or does not go with another one */
function conditionOf(args: Arguments): Condition | undefined {
  if (args.count === 3) return undefined;
  const named = new Set<string>();
  for (let index = 3; index < args.count; index++) {
    const option = args.word(index);
    if (!Object.hasOwn(CONDITIONS, option)) {
      throw new CommandError(`ERR Unsupported option ${args.text(index)}`);
    }
    named.add(option);
  }
  if (named.has('nx') && named.size > 1) {
    throw new CommandError('ERR NX and XX, GT or LT options at the same time are not compatible');
  }
  if (named.has('gt') && named.has('lt')) {
    throw new CommandError('ERR GT and LT options at the same time are not compatible');
  }
  return (now, next) => [...named].every((option) => CONDITIONS[option](now, next));
}

function expire(keyspace: Keyspace, args: Arguments, time: number, condition?: Condition): boolean {
  for (;;) {
    const length = keyspace.read(args, 1);
    if (length < 0 || condition?.(keyspace.expiry, time) === false) return false;
    const isDone = isOver(time) ? keyspace.removeFound(args, 1) : keyspace.expireFound(args, 1, length, time);
    if (isDone) return true;
  }
}

function persist(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  let length: number;
  do {
    length = keyspace.read(args, 1);
    if (length < 0 || keyspace.expiry === NEVER) {
      reply.integer(0);
      return;
    }
  } while (!keyspace.expireFound(args, 1, length, NEVER));
  reply.integer(1);
}

function timeLeft(keyspace: Keyspace, args: Arguments, { isRelative, isInSeconds }: TimeForm): number {
  const expiry = keyspace.expiryOf(args, 1);
  keyspace.count(expiry >= 0);
  if (expiry < 0) return NO_KEY;
  if (expiry === NEVER) return NO_EXPIRY;
  const milliseconds = isRelative ? Math.max(0, expiry - Date.now()) : expiry;
  return isInSeconds ? Math.floor((milliseconds + 500) / 1000) : milliseconds;
}
