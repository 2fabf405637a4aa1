/** Commands as the store behind the map is to run them: checked here, and in their own words. */
import type { StoreCommand, StoreReply } from '../../store/backing-store.js';
import { RefusedError } from '../../store/tiered.js';
import type { Arguments } from '../arguments.js';
import type { Command } from '../command.js';
import { clampedInteger, shortInteger } from '../integers.js';
import { checkKeys } from '../key-check.js';
import { keyIndexes } from '../key-indexes.js';
import { parseCopy } from '../keys.js';
import type { Keyspace } from '../keyspace.js';
import { checkPairs } from '../many.js';
import type { Reply } from '../reply.js';
import { SetOptions } from '../set-options.js';

/** A command that is to be run by the store. */
export interface StoreTask {
  readonly command: StoreCommand;
  /** Keys that it changes. */
  readonly written: readonly Buffer[];
  /** Whether a string that it answers is a status. */
  readonly isStatus: boolean;
}

/** Commands that answer with statuses, if with strings at all. `SET` may do either. */
const ANSWERS_STATUS: ReadonlySet<string> = new Set(['setex', 'psetex', 'mset', 'rename', 'type']);

/** Which word is the value that a command stores. */
const VALUE_WORD: Readonly<Record<string, number>> = {
  set: 2,
  setnx: 2,
  getset: 2,
  append: 2,
  setex: 3,
  psetex: 3,
  setrange: 3,
};

/** Milliseconds that a time to live has at most to be told to the store as a number. */
const LONGEST_TTL = 2 ** 52;

/** Of the command that is just being looked at. */
const options = new SetOptions();

export class StoreTasks {
  readonly #keyspace: Keyspace;
  /** Time to live of what is stored by `SET` without one, in milliseconds; 0 = none. */
  readonly #ttl: number;

  constructor(keyspace: Keyspace, ttl: number) {
    this.#keyspace = keyspace;
    this.#ttl = ttl;
  }

  /** @throws {CommandError} when it is refused without asking the store */
  taskOf(command: Command, args: Arguments): StoreTask {
    const { name, keys, flags } = command;
    if (keys !== undefined) checkKeys(args, keys);
    this.#checkValues(name, args);
    const indexes = [...keyIndexes(command, args)];
    // The words stay where they are once they are in bytes of their own.
    const own = args.detached();
    const words = Array.from({ length: own.count }, (_, index) => own.view(index));
    return {
      command: { words: [name, ...this.#wordsOf(name, args, words).slice(1)], keys: indexes },
      written: flags.includes('write') ? indexes.map((index) => words[index]) : [],
      isStatus: name === 'set' ? !options.parse(args, 3, 'set').isGet : ANSWERS_STATUS.has(name),
    };
  }

  /**
   * The time to live that a plain `SET` gives, in milliseconds, 0 = none; undefined when it is not plain, or wrong.
   *
   * @throws {CommandError} when its options are none
   */
  plainTtl(args: Arguments): number | undefined {
    if (args.count === 3) return this.#ttl;
    const { condition, isGet, keepsTtl, time, timeIndex } = options.parse(args, 3, 'set');
    if (condition !== 'none' || isGet || keepsTtl || time?.isRelative !== true) return undefined;
    return this.ttlOf(args, timeIndex, time.isInSeconds);
  }

  /** A word as a time to live in milliseconds; undefined when it is none, or too long to be told as a number. */
  ttlOf(args: Arguments, index: number, isInSeconds: boolean): number | undefined {
    const value = shortInteger(args.bytes, args.start(index), args.end(index));
    const ttl = isInSeconds ? value * 1000 : value;
    return ttl > 0 && ttl <= LONGEST_TTL ? ttl : undefined;
  }

  /** @throws {CommandError} when no value may be so long */
  checkFits(length: number): void {
    this.#keyspace.checkFits(length);
  }

  #checkValues(name: string, args: Arguments): void {
    if (name === 'mset' || name === 'msetnx') checkPairs(this.#keyspace, args, name);
    if (!Object.hasOwn(VALUE_WORD, name)) return;
    const length = args.length(VALUE_WORD[name]);
    const offset = name === 'setrange' && length > 0 ? Math.max(0, clampedInteger(args, 2)) : 0;
    this.checkFits(offset + length);
  }

  #wordsOf(name: string, args: Arguments, words: readonly Buffer[]): readonly (string | Buffer)[] {
    if (name === 'set') return this.#withDefaultTtl(args, words);
    // The number of the database is not the store's own.
    if (name === 'copy') return parseCopy(args) ? [...words.slice(0, 3), 'REPLACE'] : words.slice(0, 3);
    return words;
  }

  #withDefaultTtl(args: Arguments, words: readonly Buffer[]): readonly (string | Buffer)[] {
    const { time, keepsTtl } = options.parse(args, 3, 'set');
    return this.#ttl === 0 || time !== undefined || keepsTtl ? words : [...words, 'PX', String(this.#ttl)];
  }
}

/** @throws {RefusedError} when the store said an error */
export function answerWith(reply: Reply, said: StoreReply, isStatus = false): void {
  if (said === null) reply.nil();
  else if (said instanceof Error) throw new RefusedError(said.message);
  else if (typeof said === 'string') reply.integer(integerOf(said));
  else if (!Buffer.isBuffer(said)) answerWithList(reply, said as readonly StoreReply[]);
  else if (isStatus) reply.status(said.toString('latin1'));
  else reply.bulk(said);
}

function answerWithList(reply: Reply, list: readonly StoreReply[]): void {
  reply.array(list.length);
  for (const said of list) answerWith(reply, said);
}

function integerOf(said: string): number | bigint {
  const value = Number(said);
  return Number.isSafeInteger(value) ? value : BigInt(said);
}
