/**
 * Commands that only read, for keys that are the store's. What values they tell comes from the map where it can, so that
 * they go on when the store is away; what the map does not know, such as when a key expires, is asked of the store.
 */
import { type ReadResult, type ThroughCache, WrongTypeError } from '../../store/tiered.js';
import type { Arguments } from '../arguments.js';
import type { Answer, Command, Outcome, Run } from '../command.js';
import { clampedInteger } from '../integers.js';
import { partOf } from '../ranges.js';
import type { Reply } from '../reply.js';
import { answerWith, type StoreTasks } from './store-task.js';

/** What a key has that is no string. */
const NO_STRING = Symbol('no string');

type Found = ReadResult | undefined | typeof NO_STRING;

const EMPTY = Buffer.alloc(0);

/** By the names of the commands. */
export function readRuns(cache: ThroughCache): Readonly<Record<string, Run>> {
  const count: Run = (args, reply) =>
    withFound(cache, args, reply, (found, into) => {
      into.integer(found.filter((value) => value !== undefined).length);
    });
  return {
    mget: (args, reply) => withFound(cache, args, reply, answerWithValues),
    exists: count,
    touch: count,
    strlen: (args, reply) => withValue(cache, args, reply, (value, into) => into.integer(value?.length ?? 0)),
    getrange: (args, reply) => {
      const first = clampedInteger(args, 2);
      const last = clampedInteger(args, 3);
      return withValue(cache, args, reply, (value, into) => {
        into.bulk(value === undefined ? EMPTY : partOf(value, first, last));
      });
    },
  };
}

/** For a command whose answer only the store knows. */
export function askRun(cache: ThroughCache, tasks: StoreTasks, command: Command): Run {
  return async (args) => {
    const task = tasks.taskOf(command, args);
    const said = await cache.ask(task.command);
    return (reply) => answerWith(reply, said, task.isStatus);
  };
}

function answerWithValues(found: readonly Found[], reply: Reply): void {
  reply.array(found.length);
  for (const value of found) {
    if (value === undefined || value === NO_STRING) reply.nil();
    else reply.bulk(value.value);
  }
}

/** Answers by what the key has: at once when that is known. */
function withValue(
  cache: ThroughCache,
  args: Arguments,
  reply: Reply,
  answer: (value: Uint8Array | undefined, reply: Reply) => void,
): Outcome {
  const result = cache.get(args.copy(1));
  if (!(result instanceof Promise)) answer(result?.value, reply);
  else
    return result.then(
      (found): Answer =>
        (into) =>
          answer(found?.value, into),
    );
}

/** The same for all words after the first. What is not known is asked for at once for all of them. */
function withFound(
  cache: ThroughCache,
  args: Arguments,
  reply: Reply,
  answer: (found: readonly Found[], reply: Reply) => void,
): Outcome {
  const results = Array.from({ length: args.count - 1 }, (_, index) => lookUp(cache, args.copy(index + 1)));
  if (areKnown(results)) answer(results, reply);
  else
    return Promise.all(results).then(
      (found): Answer =>
        (into) =>
          answer(found, into),
    );
}

function areKnown(results: readonly (Found | Promise<Found>)[]): results is readonly Found[] {
  return !results.some((result) => result instanceof Promise);
}

function lookUp(cache: ThroughCache, key: Buffer): Found | Promise<Found> {
  const result = cache.get(key);
  return result instanceof Promise ? result.catch(noString) : result;
}

function noString(error: unknown): typeof NO_STRING {
  if (error instanceof WrongTypeError) return NO_STRING;
  throw error;
}
