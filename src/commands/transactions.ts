/**
 * Transactions: MULTI EXEC DISCARD WATCH UNWATCH. Over the shared map, what stands between MULTI and EXEC runs while this
 * worker has the map to itself, so that nobody, in no worker and by no protocol, sees a part of it.
 */
import { Arguments } from './arguments.js';
import type { Client, WatchedKey } from './client.js';
import { type Answer, type Command, CommandError, type CommandFlag, type Outcome } from './command.js';
import { ALL_KEYS, withCheckedKeys } from './key-check.js';
import { OK, type Reply } from './reply.js';
import { TOO_LARGE, Transaction } from './transaction.js';

/** What runs queued commands: see `Engine`. */
export interface QueueRunner {
  execute(args: Arguments, reply: Reply, client: Client): Outcome;
  /** Why a command can't be queued; undefined: it can. */
  refusal(args: Arguments, client: Client): string | undefined;
  /** Sees to it that what the keys of these commands have is known. */
  settle(queue: readonly Arguments[]): undefined | Promise<void>;
  /** Runs a command and answers it at once. */
  runQueued(args: Arguments, reply: Reply, client: Client): void;
}

/** This worker's share in what keeps a transaction whole: see `Turn`. */
export interface ExclusiveTurn {
  exclusively<T>(run: () => T): T;
}

/** This worker's watches: see `Watcher`. All but `unwatch` is called while the worker has the map to itself. */
export interface KeyWatcher<Watched> {
  watch(key: Uint8Array): Watched;
  isChanged(watched: Watched): boolean;
  unwatch(watched: Watched): void;
}

export interface TransactionParts<Watched> {
  readonly turn: ExclusiveTurn;
  readonly watcher: KeyWatcher<Watched>;
  /** Asked for only when commands run: it is made of them. */
  readonly runner: () => QueueRunner;
}

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const FAST_FLAGS: readonly CommandFlag[] = [...FLAGS, 'fast', 'allow_busy'];

const EXEC = Arguments.of(['exec']);
const ABORTED = 'EXECABORT Transaction discarded because of previous errors.';

/** How transactions are run: by the shared map here, or by what is behind it. */
export interface TransactionRunner {
  /** MULTI EXEC DISCARD WATCH UNWATCH. */
  readonly commands: readonly Command[];

  /**
   * Runs commands as a transaction, for protocols that bring them all together, as `Engine.execute` runs one. Answers an
   * array of their replies; or an error, and runs none, when one of them could not be queued.
   *
   * @param commands of one word at least. They may lie in a buffer that is used again
   * @param client with no transaction of its own
   */
  executeAll(commands: readonly Arguments[], reply: Reply, client: Client): Outcome;
}

/** What clients say about transactions, wherever these run. */
export abstract class TransactionCommands implements TransactionRunner {
  readonly commands: readonly Command[];
  readonly #runner: () => QueueRunner;

  /** @param runner asked for only when commands run: it is made of them */
  constructor(runner: () => QueueRunner) {
    this.#runner = runner;
    this.commands = [
      { name: 'multi', arity: 1, flags: [...FAST_FLAGS, 'immediate'], run: multi },
      {
        name: 'exec',
        arity: 1,
        flags: [...FLAGS, 'skip_slowlog', 'immediate'],
        run: (_args, reply, client) => this.#exec(reply, client),
      },
      { name: 'discard', arity: 1, flags: [...FAST_FLAGS, 'immediate'], run: discard },
      withCheckedKeys({
        name: 'watch',
        arity: -2,
        flags: [...FAST_FLAGS, 'immediate'],
        keys: ALL_KEYS,
        run: (args, reply, client) => {
          if (client.transaction !== undefined)
            throw new CommandError('ERR WATCH inside MULTI is not allowed');
          return this.watch(args, reply, client);
        },
      }),
      {
        name: 'unwatch',
        arity: 1,
        flags: FAST_FLAGS,
        run: (_args, reply, client) => {
          client.unwatch();
          reply.status(OK);
        },
      },
    ];
  }

  executeAll(commands: readonly Arguments[], reply: Reply, client: Client): Outcome {
    const runner = this.#runner();
    const transaction = new Transaction();
    for (const args of commands) {
      const refusal = runner.refusal(args, client) ?? (transaction.add(args) ? undefined : TOO_LARGE);
      if (refusal !== undefined) {
        reply.error(`EXECABORT Transaction discarded because of: ${refusal}`);
        return;
      }
    }
    client.transaction = transaction;
    return runner.execute(EXEC, reply, client);
  }

  #exec(reply: Reply, client: Client): Outcome {
    const { transaction } = client;
    if (transaction === undefined) throw new CommandError('ERR EXEC without MULTI');
    client.transaction = undefined;
    if (transaction.isDoomed) {
      client.unwatch();
      throw new CommandError(ABORTED);
    }
    return this.run(transaction.queue, reply, client);
  }

  /** Watches keys, and answers. */
  protected abstract watch(args: Arguments, reply: Reply, client: Client): Outcome;

  /** Runs what has been queued unless a watched key has changed, answers, and ends the client's watches. */
  protected abstract run(queue: readonly Arguments[], reply: Reply, client: Client): Outcome;
}

/** Over the shared map. */
export class Transactions<Watched> extends TransactionCommands {
  readonly #parts: TransactionParts<Watched>;

  constructor(parts: TransactionParts<Watched>) {
    super(parts.runner);
    this.#parts = parts;
  }

  protected run(queue: readonly Arguments[], reply: Reply, client: Client): Outcome {
    const settling = this.#parts.runner().settle(queue);
    if (settling === undefined) this.#runAtOnce(queue, reply, client);
    else return this.#runSettled(settling, queue, client);
  }

  async #runSettled(settling: Promise<void>, queue: readonly Arguments[], client: Client): Promise<Answer> {
    try {
      await settling;
    } catch (error) {
      client.unwatch();
      throw error;
    }
    return (reply) => this.#runAtOnce(queue, reply, client);
  }

  #runAtOnce(queue: readonly Arguments[], reply: Reply, client: Client): void {
    const { turn, runner } = this.#parts;
    turn.exclusively(() => {
      const isChanged = [...client.watched.values()].some((key) => key.isChanged);
      client.unwatch();
      if (isChanged) {
        reply.nilArray();
        return;
      }
      reply.array(queue.length);
      for (const args of queue) runner().runQueued(args, reply, client);
    });
  }

  protected watch(args: Arguments, reply: Reply, client: Client): void {
    this.#parts.turn.exclusively(() => {
      for (let index = 1; index < args.count; index++) {
        const key = args.view(index).toString('latin1');
        if (!client.watched.has(key)) client.watched.set(key, this.#watched(args.view(index)));
      }
    });
    reply.status(OK);
  }

  #watched(key: Uint8Array): WatchedKey {
    const { watcher } = this.#parts;
    const watched = watcher.watch(key);
    return {
      get isChanged() {
        return watcher.isChanged(watched);
      },
      unwatch: () => watcher.unwatch(watched),
    };
  }
}

function multi(_args: Arguments, reply: Reply, client: Client): void {
  if (client.transaction !== undefined) throw new CommandError('ERR MULTI calls can not be nested');
  client.transaction = new Transaction();
  reply.status(OK);
}

function discard(_args: Arguments, reply: Reply, client: Client): void {
  if (client.transaction === undefined) throw new CommandError('ERR DISCARD without MULTI');
  client.endTransaction();
  reply.status(OK);
}
