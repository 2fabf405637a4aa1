/** Commands about the keys of the whole map. */
import type { Arguments } from './arguments.js';
import { type Command, CommandError, SYNTAX_ERROR } from './command.js';
import { Glob } from './glob.js';
import { clampedInteger } from './integers.js';
import type { Keyspace } from './keyspace.js';
import { OK, type Reply } from './reply.js';

/** Keys of one step of `SCAN` when it is not said how many, and of `KEYS`. */
const DEFAULT_COUNT = 10;
const STEP_OF_KEYS = 1000;

/** Buckets without keys that a step of `SCAN` passes before it ends, about: a map of 256 MB has so many in all. */
const MOST_EMPTY = 256 * 1024;
/** The same of one call of `Entries.scan`, and for each key wanted if these are many. */
const EMPTY_OF_CALL = 16 * 1024;
const EMPTY_OF_CALL_PER_KEY = 10;

/** Cursors of clients are numbers of 64 bits without a sign. So few digits that a BigInt is quickly made of them. */
const CURSOR = /^\+?0*\d{1,20}$/;
const LARGEST_CURSOR = 2n ** 64n - 1n;

type Key = Uint8Array<ArrayBuffer>;

export function scanCommands(keyspace: Keyspace): Command[] {
  const { entries } = keyspace;
  return [
    {
      name: 'keys',
      arity: 2,
      flags: ['readonly'],
      run: (args, reply) => {
        const pattern = new Glob(args.view(1));
        const found: Key[] = [];
        let cursor = 0;
        do
          cursor = entries.scan(cursor, STEP_OF_KEYS, (key) => {
            if (pattern.matches(key)) found.push(key);
          });
        while (cursor !== 0);
        answerWithKeys(found, reply);
      },
    },
    {
      name: 'scan',
      arity: -2,
      flags: ['readonly'],
      run: (args, reply) => scan(keyspace, args, reply),
    },
    {
      name: 'randomkey',
      arity: 1,
      flags: ['readonly'],
      run: (_, reply) => {
        const key = entries.randomKey();
        if (key === undefined) reply.nil();
        else reply.bulk(key);
      },
    },
    {
      name: 'dbsize',
      arity: 1,
      flags: ['readonly', 'fast'],
      run: (_, reply) => reply.integer(keyspace.cache.map.size),
    },
    {
      name: 'flushdb',
      arity: -1,
      flags: ['write'],
      run: (args, reply) => flush(keyspace, args, reply),
    },
    {
      name: 'flushall',
      arity: -1,
      flags: ['write'],
      run: (args, reply) => flush(keyspace, args, reply),
    },
  ];
}

function scan({ entries }: Keyspace, args: Arguments, reply: Reply): void {
  let next = cursorOf(args);
  const { pattern, count, type } = parseScan(args);
  const found: Key[] = [];
  // Nothing but strings is here; a scan for anything else still goes through all.
  const isSought = type === undefined || type === 'string';
  let visited = 0;
  let calls = Math.ceil(MOST_EMPTY / Math.max(EMPTY_OF_CALL, count * EMPTY_OF_CALL_PER_KEY));
  // Who asks for the keys of a small database once, and not until the cursor is 0, is to get them all, as from Redis.
  do {
    next = entries.scan(next, count - visited, (key) => {
      visited++;
      if (isSought && pattern?.matches(key) !== false) found.push(key);
    });
    calls--;
  } while (next !== 0 && visited < count && calls > 0);
  reply.array(2);
  reply.text(String(next));
  answerWithKeys(found, reply);
}

function parseScan(args: Arguments): { pattern?: Glob; count: number; type?: string } {
  let pattern: Glob | undefined;
  let type: string | undefined;
  let count = DEFAULT_COUNT;
  for (let index = 2; index < args.count; index += 2) {
    const value = index + 1;
    if (value === args.count) throw new CommandError(SYNTAX_ERROR);
    if (args.is(index, 'match')) pattern = new Glob(args.view(value));
    else if (args.is(index, 'type')) type = args.word(value);
    else if (args.is(index, 'count')) {
      count = clampedInteger(args, value);
      if (count < 1) throw new CommandError(SYNTAX_ERROR);
    } else throw new CommandError(SYNTAX_ERROR);
  }
  return { count, ...(pattern === undefined ? {} : { pattern }), ...(type === undefined ? {} : { type }) };
}

function cursorOf(args: Arguments): number {
  const text = args.word(1);
  if (!CURSOR.test(text) || BigInt(text) > LARGEST_CURSOR) throw new CommandError('ERR invalid cursor');
  return Number(text);
}

function answerWithKeys(keys: readonly Key[], reply: Reply): void {
  reply.array(keys.length);
  for (const key of keys) reply.bulk(key);
}

function flush(keyspace: Keyspace, args: Arguments, reply: Reply): void {
  const isKnown = args.count === 1 || (args.count === 2 && (args.is(1, 'async') || args.is(1, 'sync')));
  if (!isKnown) throw new CommandError(SYNTAX_ERROR);
  keyspace.exclusively(() => keyspace.cache.map.clear());
  reply.status(OK);
}
