/** An engine with the data commands over a map, and a client that may do everything. */
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { Arguments } from '../../src/commands/arguments.js';
import { Client } from '../../src/commands/client.js';
import { dataCommands } from '../../src/commands/data-commands.js';
import { Engine } from '../../src/commands/engine.js';
import { Keyspace } from '../../src/commands/keyspace.js';
import { LocalCache } from '../../src/store/local.js';
import { type Turn, Turnstile } from '../../src/store/turnstile.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { Capture, type Captured } from './capture.js';

export type Word = string | Uint8Array;

export class Rig {
  readonly map: SharedCache;
  readonly engine: Engine;
  /** Commands that came to an error, and that were refused before. */
  failed = 0;
  rejected = 0;
  readonly #client = new Client({ id: 1, address: '', localAddress: '', access: 'full' });

  constructor(map: SharedCache, turn: Turn = Turnstile.create(1).turnOf(0)) {
    const state = ProcessState.create(1);
    state.markLoaded();
    this.map = map;
    const keyspace = new Keyspace({
      cache: new LocalCache(map, state, turn),
      turn,
      ttl: map.handle.options.ttl,
    });
    this.engine = new Engine({
      commands: dataCommands(keyspace),
      turn,
      onFailure: (error) => {
        throw error;
      },
      counter: {
        count: () => {},
        rejected: () => this.rejected++,
        failed: () => this.failed++,
      },
    });
  }

  static create(options: Partial<CacheOptions> = {}): Rig {
    return new Rig(SharedCache.create({ maxMemory: 16 << 20, ...options }));
  }

  /** The reply to a command of these words. */
  run(...words: readonly Word[]): Captured {
    const reply = new Capture();
    this.engine.begin();
    const waiting = this.engine.execute(Arguments.of(words), reply, this.#client);
    this.engine.end();
    if (waiting !== undefined) throw new Error(`${words[0]} had to wait`);
    return reply.whole;
  }

  /** The same for words without blanks in them, in one text. */
  say(line: string): Captured {
    return this.run(...line.split(' '));
  }
}
