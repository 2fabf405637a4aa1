/** The commands of some workers of one process in front of a real Redis, in the thread of the test. */
import { pino } from 'pino';
import type { Test } from 'tap';
import type { Commands } from '../../../src/commands/create.js';
import { loadConfig } from '../../../src/config/load.js';
import { Tokens } from '../../../src/limits/tokens.js';
import { openTier } from '../../../src/store/tier.js';
import type { TieredCache } from '../../../src/store/tiered.js';
import type { WorkerRow } from '../../../src/telemetry/process-state.js';
import { openCommands } from '../../../src/worker/commands.js';
import { createShared } from '../../../src/worker/shared.js';
import { until } from '../../store/fixtures/until.js';
import { Capture, type Captured } from '../capture.js';
import type { Word } from '../rig.js';
import { TestClient } from '../server-rig.js';

export interface ThroughWorker {
  readonly commands: Commands;
  readonly cache: TieredCache;
  counters(): WorkerRow;
  connect(): ThroughClient;
}

/** Workers that have reached what is behind them. @param flags those that say where that is among them */
export async function openWorkers(
  t: Test,
  flags: Readonly<Record<string, string>>,
  count = 1,
): Promise<readonly ThroughWorker[]> {
  const { config } = loadConfig({ 'max-memory': '16mb', workers: String(count), ...flags }, {});
  const shared = createShared(config);
  shared.state.markLoaded();
  const logger = pino({ level: 'silent' });
  const workers = await Promise.all(
    Array.from({ length: count }, async (_, worker): Promise<ThroughWorker> => {
      const turn = shared.turnstile.turnOf(worker);
      const tier = await openTier({ ...shared, config, worker, turn, logger });
      const tokens = new Tokens(undefined, undefined);
      const commands = openCommands({ config, shared, worker, tier, turn, tokens, logger, port: () => 0 });
      tier.start();
      t.teardown(() => {
        commands.clients.stop();
        tier.stop();
      });
      const connect = (): ThroughClient => new ThroughClient(commands);
      return { commands, cache: tier.cache, counters: () => shared.state.row(worker), connect };
    }),
  );
  let isConnected = false;
  shared.sessions.untilConnected(count, AbortSignal.timeout(60_000)).then(() => {
    isConnected = true;
  });
  await until(() => isConnected);
  return workers;
}

/** The only one. */
export async function openWorker(t: Test, flags: Readonly<Record<string, string>>): Promise<ThroughWorker> {
  const [worker] = await openWorkers(t, flags);
  if (worker === undefined) throw new Error('there is no worker');
  return worker;
}

export class ThroughClient {
  readonly #client: TestClient;

  constructor(commands: Commands) {
    const address = { remoteAddress: '127.0.0.1', remotePort: 5000, localAddress: '::1', localPort: 6379 };
    this.#client = new TestClient(commands, commands.clients.open(address));
  }

  /** The reply to a command of these words. */
  async run(...words: readonly Word[]): Promise<Captured> {
    const reply = new Capture();
    await this.#client.tell(reply, words);
    return reply.whole;
  }

  /** The same for words without blanks in them, in one text. */
  say(line: string): Promise<Captured> {
    return this.run(...line.split(' '));
  }

  /** Its connection has ended. */
  end(): void {
    this.#client.end();
  }
}
