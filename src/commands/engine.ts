/**
 * Runs commands for clients, however they came: finds the command, checks what Redis checks before it runs one, in the
 * same order and with the same words, and runs it or queues it in the client's transaction.
 */
import {
  type ImmediateCache,
  RefusedError,
  StoreUnavailableError,
  ValueTooLargeError,
  WrongTypeError,
} from '../store/tiered.js';
import type { Arguments } from './arguments.js';
import { isAtOnce } from './at-once.js';
import type { Client } from './client.js';
import {
  type Answer,
  type Command,
  CommandError,
  NOT_IN_TRANSACTION,
  type Outcome,
  TOO_LONG,
} from './command.js';
import { isKey } from './key-check.js';
import { keyIndexes } from './key-indexes.js';
import { CommandKind, CommandLookup, type KnownCommand } from './lookup.js';
import { abortedBy, refusalOf, unknownCommand } from './refusals.js';
import type { Reply } from './reply.js';
import { TOO_LARGE } from './transaction.js';

/** Clients that know the word send the command again. */
const EVICTED_MEANWHILE = 'TRYAGAIN the key was evicted while the command waited for it';

/** Where the calls of commands are counted: see `CommandStats`. */
export interface CommandCounter {
  count(command: number, calls: number, microseconds: number): void;
  /** Refused before it ran. */
  rejected(command: number): void;
  /** Ran, and came to an error. */
  failed(command: number): void;
  /** A client is answered with an error, whatever it had sent. @param message begins with its code */
  erred(message: string): void;
}

/** This worker's share in what keeps commands over several keys whole: see `Turn`. */
export interface EngineTurn {
  enter(): void;
  leave(): void;
}

/** Whether the map alone knows what a key has: see `SettlingCache`. */
export interface Settling {
  readonly isSettled: boolean;
  settle(key: Uint8Array): void | Promise<void>;
}

export interface EngineParts {
  readonly commands: readonly Command[];
  readonly cache: ImmediateCache;
  readonly counter: CommandCounter;
  readonly turn: EngineTurn;
  /** Is told of what no client can have done wrong. */
  readonly onFailure: (error: unknown, command: string) => void;
  /** Absent: commands themselves ask what is behind the map. */
  readonly settling?: Settling | undefined;
}

export class Engine {
  readonly lookup: CommandLookup;
  /** What the last command is that came by {@link execute} or {@link refuse}. */
  lastKind = CommandKind.OTHER;
  readonly #parts: EngineParts;
  /** Of each command by its index, since the last `begin`. */
  readonly #calls: Uint32Array;
  /** Those that have been called since then. */
  readonly #called: number[] = [];
  #beganAt = 0;

  constructor(parts: EngineParts) {
    this.lookup = new CommandLookup(parts.commands);
    this.#parts = parts;
    this.#calls = new Uint32Array(this.lookup.all.length);
  }

  /**
   * To be called before one or several commands that run one after the other, with nothing else between: no other
   * worker changes several keys at once from now on.
   */
  begin(): void {
    this.#parts.turn.enter();
    this.#beganAt = performance.now();
  }

  /** To be called after them. The time that they took is counted to them in equal shares. */
  end(): void {
    this.#parts.turn.leave();
    const called = this.#called;
    if (called.length === 0) return;
    const microseconds = (performance.now() - this.#beganAt) * 1000;
    let calls = 0;
    for (const index of called) calls += this.#calls[index];
    for (const index of called) {
      this.#parts.counter.count(index, this.#calls[index], (microseconds * this.#calls[index]) / calls);
      this.#calls[index] = 0;
    }
    called.length = 0;
  }

  /**
   * Runs a command, of one word at least, between `begin` and `end`. It never throws or rejects for what a client did.
   *
   * @returns nothing when it has been answered; otherwise resolves with what to answer, after a new `begin`
   */
  execute(args: Arguments, reply: Reply, client: Client): Outcome {
    const command = this.#find(args);
    const refusal = command === undefined ? unknownCommand(args) : refusalOf(command, args, client);
    const { transaction } = client;
    if (command === undefined || refusal !== undefined) {
      const message = refusal ?? unknownCommand(args);
      if (command?.fullName === 'exec') {
        client.endTransaction();
        reply.error(this.#refused(command, abortedBy(message)));
      } else {
        transaction?.doom();
        reply.error(this.#refused(command, message));
      }
      return;
    }
    client.lastCommand = command.fullName;
    if (transaction !== undefined && !command.isImmediate) {
      if (transaction.add(args)) reply.status('QUEUED');
      else reply.error(this.#counted(TOO_LARGE));
      return;
    }
    return this.#run(command, args, reply, client);
  }

  /** Whether {@link execute} is certain to answer a command at once. It looks at the map: to be asked between `begin` and `end`. */
  isAtOnce(args: Arguments, { transaction }: Client): boolean {
    const command = this.lookup.find(args);
    if (command === undefined || (transaction !== undefined && !command.isImmediate)) return true;
    const { cache, settling } = this.#parts;
    return isAtOnce(command, args, cache, settling?.isSettled);
  }

  /** Answers a command that came with a word too long to be kept. */
  refuse(args: Arguments, reply: Reply, client: Client): void {
    const command = this.#find(args);
    client.transaction?.doom();
    reply.error(this.#refused(command, TOO_LONG));
  }

  /**
   * Checks a command that is to be queued without having come by `execute`.
   *
   * @returns why it can't be; undefined: it can
   */
  refusal(args: Arguments, client: Client): string | undefined {
    const command = this.lookup.find(args);
    if (command === undefined) return this.#refused(command, unknownCommand(args));
    const isAllowed = !command.isImmediate && !command.flags.includes('no_multi');
    const refusal = refusalOf(command, args, client) ?? (isAllowed ? undefined : NOT_IN_TRANSACTION);
    return refusal === undefined ? undefined : this.#refused(command, refusal);
  }

  /**
   * Runs a command that has been checked and queued, and answers it at once. What its keys have is known: see `settle`.
   * Commands that may have to wait all the same have the flag `no_multi`.
   *
   * @throws {TypeError} when it is no command
   */
  runQueued(args: Arguments, reply: Reply, client: Client): void {
    const command = this.lookup.find(args);
    if (command === undefined) throw new TypeError('what has been queued is no command');
    this.#countCall(command);
    this.#runAtOnce(command, args, reply, client);
  }

  /** Answers a command that has been queued and was run elsewhere. @param answer throws what it came to, if that is an error */
  answerQueued(args: Arguments, reply: Reply, answer: Answer): void {
    const command = this.lookup.find(args);
    if (command === undefined) throw new TypeError('what has been queued is no command');
    this.#countCall(command);
    try {
      answer(reply);
    } catch (error) {
      reply.error(this.#messageOf(error, command));
    }
  }

  /** Sees to it that the map knows what the keys of these commands have. A promise only if that has to be waited for. */
  settle(queue: readonly Arguments[]): undefined | Promise<void> {
    const { settling } = this.#parts;
    if (settling === undefined || settling.isSettled) return undefined;
    const keys = queue.flatMap((args) => this.#keysOf(args));
    for (let at = 0; at < keys.length; at++) {
      const waiting = settling.settle(keys[at]);
      if (waiting !== undefined) return settleRest(settling, waiting, keys.slice(at + 1));
    }
    return undefined;
  }

  #find(args: Arguments): KnownCommand | undefined {
    const command = this.lookup.find(args);
    this.lastKind = command === undefined ? CommandKind.OTHER : command.kind;
    return command;
  }

  #run(command: KnownCommand, args: Arguments, reply: Reply, client: Client): Outcome {
    this.#countCall(command);
    if (command.keys !== undefined && this.#parts.settling?.isSettled === false) {
      const waiting = this.settle([args]);
      if (waiting !== undefined) return this.#runSettled(waiting, command, args.detached(), client);
    }
    try {
      const waiting = command.run(args, reply, client);
      if (waiting !== undefined) return this.#caught(command, waiting);
    } catch (error) {
      reply.error(this.#messageOf(error, command));
    }
  }

  #countCall({ index }: KnownCommand): void {
    if (this.#calls[index]++ === 0) this.#called.push(index);
  }

  #runAtOnce(command: KnownCommand, args: Arguments, reply: Reply, client: Client): void {
    try {
      const waiting = command.run(args, reply, client);
      if (waiting === undefined) return;
      // A key was evicted after it had been brought in from the data file. What comes of it is nobody's any more.
      waiting.catch(() => {});
      reply.error(this.#counted(EVICTED_MEANWHILE));
    } catch (error) {
      reply.error(this.#messageOf(error, command));
    }
  }

  /** Runs a command when the map knows what its keys have. */
  async #runSettled(
    settling: Promise<void>,
    command: KnownCommand,
    args: Arguments,
    client: Client,
  ): Promise<Answer> {
    try {
      await settling;
    } catch (error) {
      const message = this.#messageOf(error, command);
      return (reply) => reply.error(message);
    }
    return (reply) => this.#runAtOnce(command, args, reply, client);
  }

  /** The keys of a command, in bytes of their own. Words that can be none are left out: with them it is refused when it runs. */
  #keysOf(args: Arguments): Buffer[] {
    const command = this.lookup.find(args);
    if (command === undefined) return [];
    const indexes = [...keyIndexes(command, args)].filter((index) => isKey(args, index));
    return indexes.map((index) => args.copy(index));
  }

  async #caught(command: KnownCommand, waiting: Promise<Answer>): Promise<Answer> {
    try {
      return await waiting;
    } catch (error) {
      const message = this.#messageOf(error, command);
      return (reply) => reply.error(message);
    }
  }

  /** Counts a command that does not run, and the error that says so. Returns the error. */
  #refused(command: KnownCommand | undefined, error: string): string {
    if (command !== undefined) this.#parts.counter.rejected(command.index);
    return this.#counted(error);
  }

  #counted(error: string): string {
    this.#parts.counter.erred(error);
    return error;
  }

  /** Counts a command that came to an error. Returns what its client is told. */
  #messageOf(error: unknown, command: KnownCommand): string {
    this.#parts.counter.failed(command.index);
    return this.#counted(this.#wordsOf(error, command));
  }

  #wordsOf(error: unknown, { fullName }: KnownCommand): string {
    if (error instanceof CommandError || error instanceof RefusedError) return error.message;
    if (error instanceof ValueTooLargeError) return TOO_LONG;
    if (error instanceof WrongTypeError) {
      return 'WRONGTYPE Operation against a key holding the wrong kind of value';
    }
    if (error instanceof StoreUnavailableError) return `ERR backing store unavailable: ${error.message}`;
    this.#parts.onFailure(error, fullName);
    return 'ERR internal error';
  }
}

async function settleRest(
  settling: Settling,
  waiting: Promise<void>,
  keys: readonly Uint8Array[],
): Promise<void> {
  await waiting;
  for (const key of keys) await settling.settle(key);
}
