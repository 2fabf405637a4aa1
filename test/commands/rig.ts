/** An engine with the data commands over a map, and a client that may do everything. */
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { Arguments } from '../../src/commands/arguments.js';
import { Client } from '../../src/commands/client.js';
import type { Outcome } from '../../src/commands/command.js';
import { dataCommands } from '../../src/commands/data-commands.js';
import { Engine } from '../../src/commands/engine.js';
import { Keyspace } from '../../src/commands/keyspace.js';
import type { Reply } from '../../src/commands/reply.js';
import { LocalCache } from '../../src/store/local.js';
import type { ImmediateCache, TieredCache } from '../../src/store/tiered.js';
import { type Turn, Turnstile } from '../../src/store/turnstile.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { Capture, type Captured } from './capture.js';

export type Word = string | Uint8Array;

export interface RigParts {
  /** The worker's; absent: there are no others. */
  readonly turn?: Turn;
  /** Absent: the map alone. */
  readonly cache?: TieredCache & ImmediateCache;
}

export class Rig {
  readonly map: SharedCache;
  readonly engine: Engine;
  /** Commands that came to an error, and that were refused before. */
  failed = 0;
  rejected = 0;
  readonly #client = new Client({ id: 1, address: '', localAddress: '', access: 'full' });

  constructor(map: SharedCache, parts: RigParts = {}) {
    const { turn = Turnstile.create(1).turnOf(0), cache = loaded(map, turn) } = parts;
    this.map = map;
    const keyspace = new Keyspace({ cache, turn, ttl: map.handle.options.ttl });
    this.engine = new Engine({
      cache,
      commands: dataCommands(keyspace),
      turn,
      counter: {
        count: () => {},
        rejected: () => this.rejected++,
        failed: () => this.failed++,
        erred: () => {},
      },
      onFailure: (error) => {
        throw error;
      },
    });
  }

  static create(options: Partial<CacheOptions> = {}): Rig {
    return new Rig(SharedCache.create({ maxMemory: 1 << 20, ...options }));
  }

  /** The reply to a command of these words, which has nothing to wait for. */
  run(...words: readonly Word[]): Captured {
    const reply = new Capture();
    const waiting = this.execute(Arguments.of(words), reply);
    if (waiting !== undefined) throw new Error(`${words[0]} had to wait`);
    return reply.whole;
  }

  /** Runs a command, which may have to wait. */
  execute(args: Arguments, reply: Reply): Outcome {
    this.engine.begin();
    try {
      return this.engine.execute(args, reply, this.#client);
    } finally {
      this.engine.end();
    }
  }

  /** `run` for words without blanks in them, in one text. */
  say(line: string): Captured {
    return this.run(...line.split(' '));
  }
}

function loaded(map: SharedCache, turn: Turn): LocalCache {
  const state = ProcessState.create(1);
  state.markLoaded();
  return new LocalCache(map, state, turn);
}
