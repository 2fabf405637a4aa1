/** One hotshard worker's cache in front of a Redis Cluster, in the thread of the test. */
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Test } from 'tap';
import { loadConfig } from '../../../src/config/load.js';
import { openTier } from '../../../src/store/tier.js';
import { StoreUnavailableError, type TieredCache } from '../../../src/store/tiered.js';
import type { WorkerRow } from '../../../src/telemetry/process-state.js';
import { createShared } from '../../../src/worker/shared.js';
import { until } from '../fixtures/until.js';

export interface CacheUnderTest {
  readonly cache: TieredCache;
  /** Messages logged at `info` and above. */
  readonly log: readonly string[];
  counters(): WorkerRow;
  /** Whether the cluster has been reached: what `/readyz` waits for. */
  isConnected(): boolean;
  /** What a read answers: the text of the value, undefined when absent, the message when what it needs is away. */
  read(key: string): Promise<string | undefined>;
  /** The same of a write; `OK` when it was done. */
  write(key: string, value: string): Promise<string>;
  /** Whether the next read is answered by the map alone. */
  has(key: string): Promise<boolean>;
  stop(): void;
}

/** Begins to connect; stopped with the test. */
export async function openCache(
  t: Test,
  seeds: readonly string[],
  flags: Readonly<Record<string, string>> = {},
): Promise<CacheUnderTest> {
  const { config } = loadConfig(
    { 'redis-cluster': seeds.join(','), 'max-memory': '16mb', workers: '0', ...flags },
    {},
  );
  const shared = createShared(config);
  const log: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line) => void log.push(JSON.parse(line).msg) });
  const tier = await openTier({ ...shared, config, worker: 0, turn: shared.turnstile.turnOf(0), logger });
  let isConnected = false;
  shared.sessions.untilConnected(1, AbortSignal.timeout(60_000)).then(() => {
    isConnected = true;
  });
  tier.start();
  // Waiting in shared memory does not keep a process alive.
  const alive = setInterval(() => {}, 1_000);
  const stop = (): void => {
    clearInterval(alive);
    tier.stop();
  };
  t.teardown(stop);
  const { cache } = tier;
  return {
    cache,
    log,
    counters: () => shared.state.row(0),
    isConnected: () => isConnected,
    read: (key) => outcome(async () => text((await cache.get(key))?.value)),
    write: async (key, value) =>
      String(
        await outcome(async () => {
          await cache.set(key, Buffer.from(value));
          return 'OK';
        }),
      ),
    async has(key) {
      const { fetches } = shared.state.row(0);
      await cache.get(key);
      return shared.state.row(0).fetches === fetches;
    },
    stop,
  };
}

/** One that has reached the cluster. */
export async function connectCache(
  t: Test,
  seeds: readonly string[],
  flags?: Readonly<Record<string, string>>,
): Promise<CacheUnderTest> {
  const opened = await openCache(t, seeds, flags);
  await until(() => opened.isConnected());
  return opened;
}

/** Connections that caches have open to nodes, all together: each tracks, or is told of what another one tracks. */
export async function connectionsOf(clients: readonly Redis[]): Promise<number> {
  const lists = await Promise.all(clients.map((client) => client.client('LIST')));
  return lists.flatMap((list) => String(list).match(/ (sub=1|redir=\d+) /g) ?? []).length;
}

export function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}

/** Whatever else is thrown is a mistake, and fails the test. */
async function outcome(operation: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await operation();
  } catch (error) {
    if (error instanceof StoreUnavailableError) return `unavailable: ${error.message}`;
    throw error;
  }
}
