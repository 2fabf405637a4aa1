/** All commands of one worker as `createCommands` puts them together, over a map, and clients that give them. */
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { Arguments } from '../../src/commands/arguments.js';
import type { Client } from '../../src/commands/client.js';
import { CounterBase } from '../../src/commands/counter-base.js';
import { type Commands, createCommands, type WorkerStatistics } from '../../src/commands/create.js';
import type { CommandTotals } from '../../src/commands/info-sections.js';
import type { Passwords } from '../../src/commands/login.js';
import type { Reply } from '../../src/commands/reply.js';
import { SharedClients } from '../../src/commands/shared-clients.js';
import { loadConfig } from '../../src/config/load.js';
import { LocalCache } from '../../src/store/local.js';
import type { SettlingCache } from '../../src/store/tiered.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { Watches } from '../../src/store/watches.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { Capture, type Captured } from './capture.js';
import type { Word } from './rig.js';

const NO_PASSWORD: Passwords = { required: false, check: () => undefined };

export interface RigOptions {
  readonly passwords?: Passwords;
  readonly map?: Partial<CacheOptions>;
  readonly flags?: Readonly<Record<string, string>>;
  /** What the rigs of one process share; absent: a process of its own. */
  readonly shared?: SharedParts;
  readonly worker?: number;
  /** In place of asking the map alone. */
  readonly settle?: SettlingCache['settle'];
}

export interface SharedParts {
  readonly map: SharedCache;
  readonly state: ProcessState;
  readonly turnstile: Turnstile;
  readonly watches: Watches;
  readonly clients: SharedClients;
  readonly base: CounterBase;
}

/** What the workers of one process share. */
export function sharedParts(workers: number, map: Partial<CacheOptions> = {}): SharedParts {
  const cache = SharedCache.create({ maxMemory: 16 << 20, ...map });
  const state = ProcessState.create(workers);
  state.markLoaded();
  const watches = Watches.create(workers);
  cache.observeWrites(watches);
  return {
    map: cache,
    state,
    turnstile: Turnstile.create(workers),
    watches,
    clients: SharedClients.create(workers),
    base: CounterBase.create(),
  };
}

/** Structured-cloneable: what another thread makes the same parts of. */
export function handlesOf({ map, state, turnstile, watches, clients, base }: SharedParts) {
  return {
    map: map.handle,
    state: state.handle,
    turnstile: turnstile.handle,
    watches: watches.handle,
    clients: clients.handle,
    base: base.handle,
  };
}

export type SharedHandles = ReturnType<typeof handlesOf>;

export function attachedParts(handles: SharedHandles): SharedParts {
  const map = SharedCache.attach(handles.map);
  const watches = Watches.attach(handles.watches);
  map.observeWrites(watches);
  return {
    map,
    state: ProcessState.attach(handles.state),
    turnstile: Turnstile.attach(handles.turnstile),
    watches,
    clients: SharedClients.attach(handles.clients),
    base: CounterBase.attach(handles.base),
  };
}

export class ServerRig {
  readonly commands: Commands;
  readonly map: SharedCache;

  constructor(owner: { teardown(done: () => void): void }, options: RigOptions = {}) {
    const { shared = sharedParts(1, options.map), worker = 0, settle } = options;
    const turn = shared.turnstile.turnOf(worker);
    const cache = new LocalCache(shared.map, shared.state, turn);
    if (settle !== undefined) cache.settle = settle as LocalCache['settle'];
    this.map = shared.map;
    this.commands = createCommands({
      config: loadConfig(options.flags ?? {}, {}).config,
      worker,
      cache,
      hasFile: settle !== undefined,
      turn,
      watcher: shared.watches.watcherOf(worker, shared.map),
      state: shared.state,
      statistics: statistics(),
      sharedClients: shared.clients,
      counterBase: shared.base,
      passwords: options.passwords ?? NO_PASSWORD,
      limits: { bulkLength: 512, queryBuffer: 1024, outputBuffer: 2048 },
      onFailure: (error) => {
        throw error;
      },
      port: () => 6379,
    });
    owner.teardown(() => this.commands.clients.stop());
  }

  connect(): TestClient {
    return new TestClient(
      this.commands,
      this.commands.clients.open({
        remoteAddress: '127.0.0.1',
        remotePort: 5000,
        localAddress: '::1',
        localPort: 6379,
      }),
    );
  }
}

/** A client and what it says, one command after the other. */
export class TestClient {
  constructor(
    readonly commands: Commands,
    readonly client: Client,
  ) {}

  /** The reply to a command of these words, at once. */
  run(...words: readonly Word[]): Captured {
    const reply = new Capture();
    if (this.tell(reply, words) !== undefined) throw new Error(`${words[0]} had to wait`);
    return reply.whole;
  }

  /** The same for words without blanks in them, in one text. */
  say(line: string): Captured {
    return this.run(...line.split(' '));
  }

  /** Answers a command into `reply`; a promise when it had to wait. */
  tell(reply: Reply, words: readonly Word[]): undefined | Promise<void> {
    const { engine } = this.commands;
    engine.begin();
    const waiting = engine.execute(Arguments.of(words), reply, this.client);
    engine.end();
    return waiting?.then((answer) => {
      engine.begin();
      answer(reply);
      engine.end();
    });
  }

  /** The reply to a command that has to wait. */
  async wait(line: string): Promise<Captured> {
    const reply = new Capture();
    await this.tell(reply, line.split(' '));
    return reply.whole;
  }

  /** Its connection has ended. */
  end(): void {
    this.commands.clients.close(this.client);
  }
}

/** Counts of one worker, in memory of its own. */
function statistics(): WorkerStatistics {
  const totals = new Map<number, CommandTotals>();
  const errors = new Map<string, number>();
  const add = (command: number, more: Partial<CommandTotals>): void => {
    const now = totals.get(command) ?? { command, calls: 0, microseconds: 0, rejected: 0, failed: 0 };
    totals.set(command, {
      command,
      calls: now.calls + (more.calls ?? 0),
      microseconds: now.microseconds + (more.microseconds ?? 0),
      rejected: now.rejected + (more.rejected ?? 0),
      failed: now.failed + (more.failed ?? 0),
    });
  };
  return {
    count: (_worker, command, calls, microseconds) => add(command, { calls, microseconds }),
    rejected: (_worker, command) => add(command, { rejected: 1 }),
    failed: (_worker, command) => add(command, { failed: 1 }),
    erred: (_worker, message) => {
      const [code = ''] = message.split(' ', 1);
      errors.set(code, (errors.get(code) ?? 0) + 1);
    },
    totals: () => [...totals.values()],
    errors: () => [...errors].map(([code, count]) => ({ code, count })),
    traffic: { input: 11, output: 22 },
    reset: () => {
      totals.clear();
      errors.clear();
    },
  };
}
