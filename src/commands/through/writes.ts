/** Commands that change keys which are the store's: run there, in their own words, and what they leave is kept in the map. */
import type { StoreReply } from '../../store/backing-store.js';
import type { ThroughCache } from '../../store/tiered.js';
import type { Arguments } from '../arguments.js';
import type { Answer, Command, Outcome, Run } from '../command.js';
import type { Keyspace } from '../keyspace.js';
import { OK } from '../reply.js';
import { answerWith, type StoreTasks } from './store-task.js';

export interface WriteParts {
  readonly keyspace: Keyspace;
  readonly cache: ThroughCache;
  readonly tasks: StoreTasks;
}

/** Commands that answer with the value that there was: a hit or a miss. */
const ANSWERS_OLD: ReadonlySet<string> = new Set(['getex', 'getdel', 'getset']);
/** Commands that store a value, unless they answer 0 or nothing because of a condition. */
const STORES: ReadonlySet<string> = new Set([
  ...['append', 'setrange', 'incr', 'decr', 'incrby', 'decrby', 'incrbyfloat', 'getset'],
]);
const STORES_IF: ReadonlySet<string> = new Set(['set', 'setnx', 'setex', 'psetex']);

/** A command that changes its one key. */
export function modifyRun(parts: WriteParts, command: Command): Run {
  const { cache, tasks, keyspace } = parts;
  return async (args) => {
    const task = tasks.taskOf(command, args);
    const said = await cache.modify(task.command);
    count(keyspace, command.name, said);
    return (reply) => answerWith(reply, said, task.isStatus);
  };
}

/** A command that changes several keys. */
export function changeRun({ cache, tasks }: WriteParts, command: Command): Run {
  return async (args) => {
    const task = tasks.taskOf(command, args);
    const said = await cache.change(task.command);
    return (reply) => answerWith(reply, said, task.isStatus);
  };
}

/** `SET`, which needs to know nothing of what the key has, as a rule. */
export function setRun(parts: WriteParts, command: Command): Run {
  const { tasks } = parts;
  const modify = modifyRun(parts, command);
  return (args, reply, client) => {
    const ttl = tasks.plainTtl(args);
    return ttl === undefined ? modify(args, reply, client) : store(parts, args, 2, ttl);
  };
}

/** `SETEX` and `PSETEX`. */
export function setExRun(parts: WriteParts, command: Command): Run {
  const { tasks } = parts;
  const modify = modifyRun(parts, command);
  return (args, reply, client) => {
    const ttl = tasks.ttlOf(args, 2, command.name === 'setex');
    return ttl === undefined ? modify(args, reply, client) : store(parts, args, 3, ttl);
  };
}

/** `DEL` and `UNLINK`. Each key goes by itself: they may be in several places. */
export function deleteRun({ cache }: WriteParts): Run {
  return async (args) => {
    const keys = Array.from({ length: args.count - 1 }, (_, index) => args.copy(index + 1));
    const existed = await Promise.all(keys.map(async (key) => await cache.delete(key)));
    const removed = existed.filter(Boolean).length;
    return (reply) => reply.integer(removed);
  };
}

function store({ cache, tasks }: WriteParts, args: Arguments, value: number, ttl: number): Outcome {
  tasks.checkFits(args.length(value));
  return stored(Promise.resolve(cache.set(args.copy(1), args.copy(value), ttl)));
}

async function stored(storing: Promise<void>): Promise<Answer> {
  await storing;
  return (reply) => reply.status(OK);
}

function count({ entries }: Keyspace, name: string, said: StoreReply): void {
  if (ANSWERS_OLD.has(name)) {
    if (said === null) entries.countMiss();
    else entries.countHit();
  }
  if (STORES.has(name) || (STORES_IF.has(name) && said !== null && said !== '0')) entries.countSet();
  if (name === 'getdel' && said !== null) entries.countDelete();
}
