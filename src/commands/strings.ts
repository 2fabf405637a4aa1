/** Commands that read or write one whole value. */
import { NEVER } from '../../shards/index.js';
import type { StoreKey } from '../store/backing-store.js';
import type { TieredCache } from '../store/tiered.js';
import type { Arguments } from './arguments.js';
import type { Answer, Command, Outcome } from './command.js';
import { EX, isOver, PX, type TimeForm, timeAboveZeroOf } from './expire-time.js';
import { ONE_KEY } from './key-check.js';
import type { Keyspace } from './keyspace.js';
import { OK, type Reply } from './reply.js';
import { SetOptions } from './set-options.js';

/** Instead of the length of a value. */
const NONE = -1;

/** Of the command that is just being run: none of them waits. */
const options = new SetOptions();

export function stringCommands(keyspace: Keyspace): Command[] {
  return [
    {
      name: 'get',
      arity: 2,
      flags: ['readonly', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => get(keyspace, args, reply),
    },
    {
      name: 'set',
      arity: -3,
      flags: ['write', 'denyoom'],
      keys: ONE_KEY,
      run: (args, reply) => set(keyspace, args, reply),
    },
    {
      name: 'getex',
      arity: -2,
      flags: ['write', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => getEx(keyspace, args, reply),
    },
    {
      name: 'getdel',
      arity: 2,
      flags: ['write', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => getDel(keyspace, args, reply),
    },
    {
      name: 'getset',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => getSet(keyspace, args, reply),
    },
    {
      name: 'setnx',
      arity: 3,
      flags: ['write', 'denyoom', 'fast'],
      keys: ONE_KEY,
      run: (args, reply) => setNx(keyspace, args, reply),
    },
    {
      name: 'setex',
      arity: 4,
      flags: ['write', 'denyoom'],
      keys: ONE_KEY,
      run: (args, reply) => setEx(keyspace, args, reply, EX, 'setex'),
    },
    {
      name: 'psetex',
      arity: 4,
      flags: ['write', 'denyoom'],
      keys: ONE_KEY,
      run: (args, reply) => setEx(keyspace, args, reply, PX, 'psetex'),
    },
  ];
}

function get({ cache }: Keyspace, args: Arguments, reply: Reply): Outcome {
  if (!reply.value(cache, args.bytes, args.start(1), args.end(1))) return fetched(cache, args.copy(1));
}

async function fetched(cache: TieredCache, key: StoreKey): Promise<Answer> {
  const found = await cache.get(key);
  return (reply) => {
    if (found === undefined) reply.nil();
    else reply.bulk(found.value);
  };
}

function set(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  if (args.count === 3) {
    store(keyspace, args, 2, keyspace.defaultExpiry);
    reply.status(OK);
    return;
  }
  const { condition, isGet, keepsTtl, time, timeIndex } = options.parse(args, 3, 'set');
  const expiry = time === undefined ? keyspace.defaultExpiry : timeAboveZeroOf(args, timeIndex, time, 'set');
  keyspace.checkFits(args.length(2));
  if (condition !== 'none' || isGet || keepsTtl) {
    setByOld(keyspace, args, reply, expiry);
    return;
  }
  store(keyspace, args, 2, expiry);
  reply.status(OK);
}

/** `SET` with options by which it depends on what the key has. */
function setByOld(keyspace: Keyspace, args: Arguments, reply: Reply, expiry: number): void {
  const { condition, isGet, keepsTtl } = options;
  let length: number;
  let isAllowed: boolean;
  do {
    length = keyspace.read(args, 1);
    const exists = length >= 0;
    isAllowed = condition === 'none' || exists === (condition === 'xx');
    if (!isAllowed) break;
  } while (!exchange(keyspace, args, length, keepsTtl && length >= 0 ? keyspace.expiry : expiry));
  if (isGet) answerWithFound(keyspace, reply, length);
  else if (isAllowed) reply.status(OK);
  else reply.nil();
}

function getEx(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const { time, timeIndex, persists } = options.parse(args, 2, 'getex');
  let length: number;
  let isDone: boolean;
  do {
    length = keyspace.read(args, 1);
    if (length < 0 || (time === undefined && !persists)) break;
    const expiry = time === undefined ? NEVER : timeAboveZeroOf(args, timeIndex, time, 'getex');
    if (expiry === keyspace.expiry) break;
    isDone =
      expiry !== NEVER && isOver(expiry)
        ? keyspace.removeFound(args, 1)
        : keyspace.expireFound(args, 1, length, expiry);
  } while (!isDone);
  answerWithFound(keyspace, reply, length);
}

function getDel(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  let length: number;
  do length = keyspace.read(args, 1);
  while (length >= 0 && !keyspace.removeFound(args, 1));
  answerWithFound(keyspace, reply, length);
}

function getSet(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const { defaultExpiry } = keyspace;
  let length: number;
  do length = keyspace.read(args, 1);
  while (!exchange(keyspace, args, length, defaultExpiry));
  answerWithFound(keyspace, reply, length);
}

function setNx(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const { defaultExpiry } = keyspace;
  keyspace.checkFits(args.length(2));
  do {
    if (keyspace.read(args, 1) >= 0) {
      reply.integer(0);
      return;
    }
  } while (!exchange(keyspace, args, NONE, defaultExpiry));
  reply.integer(1);
}

function setEx(keyspace: Keyspace, args: Arguments, reply: Reply, form: TimeForm, command: string): void {
  store(keyspace, args, 3, timeAboveZeroOf(args, 2, form, command));
  reply.status(OK);
}

/** Stores a word under the first, whatever that has. A time that has come already leaves nothing. */
function store(keyspace: Keyspace, args: Arguments, value: number, expiry: number): void {
  if (expiry !== NEVER && isOver(expiry)) {
    keyspace.checkFits(args.length(value));
    keyspace.remove(args, 1);
  } else keyspace.put(args, 1, args.bytes, args.start(value), args.end(value), expiry);
}

/**
 * Stores the second word under the first on condition that this has what was read last.
 *
 * @param length of what was read; NONE: there was nothing
 * @returns false when it has something else
 */
function exchange(keyspace: Keyspace, args: Arguments, length: number, expiry: number): boolean {
  if (expiry === NEVER || !isOver(expiry)) {
    return keyspace.replace(args, 1, args.bytes, args.start(2), args.end(2), expiry);
  }
  return length === NONE ? !keyspace.has(args, 1) : keyspace.removeFound(args, 1);
}

/** Answers with what was read last, and counts it. @param length NONE: there was nothing */
function answerWithFound(keyspace: Keyspace, reply: Reply, length: number): void {
  keyspace.count(length >= 0);
  if (length < 0) reply.nil();
  else reply.bulk(keyspace.found.subarray(0, length));
}
