/**
 * Transactions over keys that are those of a store behind the map: the store runs them, and tells whether a watched key has
 * changed, whoever changed it. Commands of a transaction that have no keys are run here, when the store has run the others.
 */
import type { StoreReply } from '../../store/backing-store.js';
import type { StoreWatch, ThroughCache } from '../../store/tiered.js';
import type { Arguments } from '../arguments.js';
import type { Client } from '../client.js';
import { type Answer, type Command, CommandError, type Outcome } from '../command.js';
import { OK, type Reply } from '../reply.js';
import { type QueueRunner, TransactionCommands } from '../transactions.js';
import { answerWith, type StoreTask, type StoreTasks } from './store-task.js';

/** What runs queued commands, and answers those that the store has run: see `Engine`. */
export interface StoreQueueRunner extends QueueRunner {
  readonly lookup: { find(args: Arguments): Command | undefined };
  answerQueued(args: Arguments, reply: Reply, answer: Answer): void;
}

/** What becomes of a queued command: the store runs it, it is refused, or (undefined) it is run here. */
type Plan = StoreTask | CommandError | undefined;

export class StoreTransactions extends TransactionCommands {
  readonly #cache: ThroughCache;
  readonly #tasks: StoreTasks;
  readonly #runner: () => StoreQueueRunner;
  readonly #watches = new WeakMap<Client, StoreWatch>();

  constructor(cache: ThroughCache, tasks: StoreTasks, runner: () => StoreQueueRunner) {
    super(runner);
    this.#cache = cache;
    this.#tasks = tasks;
    this.#runner = runner;
  }

  protected run(queue: readonly Arguments[], reply: Reply, client: Client): Outcome {
    const plans = queue.map((args) => this.#planOf(args));
    if (client.watched.size > 0 || plans.some(isTask)) return this.#runThrough(queue, plans, client);
    this.#answer(queue, plans, [], reply, client);
  }

  protected async watch(args: Arguments, _reply: Reply, client: Client): Promise<Answer> {
    const named = distinct(Array.from({ length: args.count - 1 }, (_, index) => args.copy(index + 1)));
    const keys = named.filter((key) => !client.watched.has(key.toString('latin1')));
    if (keys.length === 0) return (reply) => reply.status(OK);
    const before = client.watched.size > 0 ? this.#watches.get(client) : undefined;
    const watch = await this.#cache.watch(keys, before);
    this.#watches.set(client, watch);
    for (const key of keys) {
      // The store knows, and says so when the transaction is to run.
      client.watched.set(key.toString('latin1'), { isChanged: false, unwatch: () => watch.release() });
    }
    // Gone meanwhile: nobody else would end it.
    if (client.isEnding) client.unwatch();
    return (reply) => reply.status(OK);
  }

  async #runThrough(queue: readonly Arguments[], plans: readonly Plan[], client: Client): Promise<Answer> {
    const watch = client.watched.size > 0 ? this.#watches.get(client) : undefined;
    const tasks = plans.filter(isTask);
    try {
      const said = await this.#cache.transact(
        tasks.map(({ command }) => command),
        distinct(tasks.flatMap(({ written }) => written)),
        watch,
      );
      return (reply) => {
        if (said === null) reply.nilArray();
        else this.#answer(queue, plans, said, reply, client);
      };
    } finally {
      client.unwatch();
    }
  }

  /** @param said what the store has answered to its commands, in their order */
  #answer(
    queue: readonly Arguments[],
    plans: readonly Plan[],
    said: readonly StoreReply[],
    reply: Reply,
    client: Client,
  ): void {
    const runner = this.#runner();
    let next = 0;
    reply.array(queue.length);
    queue.forEach((args, index) => {
      const plan = plans[index];
      if (plan === undefined) runner.runQueued(args, reply, client);
      else
        runner.answerQueued(args, reply, (into) => {
          if (plan instanceof CommandError) throw plan;
          answerWith(into, said[next++] ?? null, plan.isStatus);
        });
    });
  }

  #planOf(args: Arguments): Plan {
    const command = this.#runner().lookup.find(args);
    if (command?.keys === undefined) return undefined;
    try {
      return this.#tasks.taskOf(command, args);
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
  }
}

function isTask(plan: Plan): plan is StoreTask {
  return plan !== undefined && !(plan instanceof CommandError);
}

function distinct(keys: readonly Buffer[]): readonly Buffer[] {
  return [...new Map(keys.map((key) => [key.toString('latin1'), key])).values()];
}
