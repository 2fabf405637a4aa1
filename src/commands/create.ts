/** Puts together what runs commands in one worker, from what the worker has. */
import type { Config } from '../config/config.js';
import type { SettlingCache, WorkerCache } from '../store/tiered.js';
import type { Turn } from '../store/turnstile.js';
import type { Watcher } from '../store/watches.js';
import type { ProcessState } from '../telemetry/process-state.js';
import { Clients } from './clients.js';
import type { Command } from './command.js';
import type { CounterBase } from './counter-base.js';
import { dataCommands } from './data-commands.js';
import { Engine, type Settling } from './engine.js';
import { type CommandStatistics, countsOf, type InfoSources } from './info-sections.js';
import { Keyspace } from './keyspace.js';
import { initialAccess, type Passwords } from './login.js';
import { RecentRate } from './recent-rate.js';
import { type ConnectionLimits, settings } from './settings.js';
import type { SharedClients } from './shared-clients.js';
import { commandTable } from './table.js';
import { StoreTasks } from './through/store-task.js';
import { StoreTransactions } from './through/store-transactions.js';
import { throughCommands } from './through/through-commands.js';
import { type TransactionRunner, Transactions } from './transactions.js';

/** Counts of commands, in which a worker counts its own: see `CommandStats`. */
export interface WorkerStatistics extends CommandStatistics {
  count(worker: number, command: number, calls: number, microseconds: number): void;
  rejected(worker: number, command: number): void;
  failed(worker: number, command: number): void;
  erred(worker: number, message: string): void;
}

export interface CommandParts {
  readonly config: Config;
  /** From 0. */
  readonly worker: number;
  readonly cache: WorkerCache;
  /** Whether there is a data file that values are read from when they are asked for. */
  readonly hasFile: boolean;
  readonly turn: Turn;
  readonly watcher: Watcher;
  readonly state: ProcessState;
  readonly statistics: WorkerStatistics;
  readonly sharedClients: SharedClients;
  readonly counterBase: CounterBase;
  readonly passwords: Passwords;
  readonly limits: ConnectionLimits;
  /** Is told of what no client can have done wrong. */
  readonly onFailure: (error: unknown, command: string) => void;
  /** Port of the Redis protocol, once it is known. */
  readonly port: () => number;
}

/** What a worker's lanes need to run commands. */
export interface Commands {
  readonly engine: Engine;
  /** Lanes open and close their clients here. */
  readonly clients: Clients;
  /** For commands that come all together: see `TransactionRunner`. */
  readonly transactions: TransactionRunner;
}

/** To be ended by `clients.stop()`. */
export function createCommands(parts: CommandParts): Commands {
  const { config, worker, cache, hasFile, turn, state, statistics } = parts;
  const clients = new Clients(parts.sharedClients, worker, initialAccess(parts.passwords));
  const rate = new RecentRate();
  const { data, transactions } = overKeys(parts, () => engine);
  const engine: Engine = new Engine({
    commands: commandTable({
      data,
      transactions: transactions.commands,
      passwords: parts.passwords,
      clients,
      config: {
        settings: () => settings({ config, limits: parts.limits, port: parts.port() }),
        resetStatistics: () => {
          statistics.reset();
          parts.counterBase.reset(countsOf(cache.map.stats(), parts.sharedClients));
        },
      },
      lookup: () => engine.lookup,
      information: () => information(parts, engine, rate),
    }),
    counter: {
      count: (command, calls, microseconds) => statistics.count(worker, command, calls, microseconds),
      rejected: (command) => statistics.rejected(worker, command),
      failed: (command) => statistics.failed(worker, command),
      erred: (message) => statistics.erred(worker, message),
    },
    cache,
    turn,
    onFailure: parts.onFailure,
    settling: 'settle' in cache ? settlingOf(cache, state, hasFile) : undefined,
  });
  return { engine, clients, transactions };
}

/** The commands that work on keys: in the map itself, or in the store behind it. */
function overKeys(
  { cache, config: { ttl }, turn, watcher }: CommandParts,
  runner: () => Engine,
): { readonly data: readonly Command[]; readonly transactions: TransactionRunner } {
  const keyspace = new Keyspace({ cache, turn, ttl });
  if ('settle' in cache) {
    return { data: dataCommands(keyspace), transactions: new Transactions({ turn, watcher, runner }) };
  }
  const tasks = new StoreTasks(keyspace, ttl);
  return {
    data: throughCommands(keyspace, cache, tasks),
    transactions: new StoreTransactions(cache, tasks, runner),
  };
}

function settlingOf(cache: SettlingCache, state: ProcessState, hasFile: boolean): Settling {
  return {
    // What is in a file has to be brought into the map key by key.
    get isSettled() {
      return !hasFile && state.loaded;
    },
    settle: (key) => cache.settle(key),
  };
}

function information(parts: CommandParts, { lookup }: Engine, rate: RecentRate): InfoSources {
  const { config, cache, state, statistics, sharedClients, counterBase, port } = parts;
  return {
    config,
    map: cache.map,
    state,
    statistics,
    clients: sharedClients,
    base: counterBase,
    rate,
    port: port(),
    commands: lookup,
  };
}
