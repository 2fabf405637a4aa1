/** How hotshard reads when its cache holds only a part of the keys, and the rest is in a file or in Redis. */
import { LoadClient } from '../load/client.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Order } from '../load/orders.js';
import { type RunningServer, startHotshard } from '../load/server.js';
import { LOAD_HEADER, type LoadSummary, loadCells, loadRows, summaryOf } from '../load/summary.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';
import type { Store } from './options.js';
import { type Data, STORES_BY_NAME } from './stores.js';

/** Of Zipf's distribution; 0 = all keys alike. */
export const DISTRIBUTIONS = { 'Zipf 0.99': 0.99, uniform: 0 } as const;
export type Distribution = keyof typeof DISTRIBUTIONS;

export interface RatioResult extends LoadSummary {
  readonly distribution: Distribution;
  /** Keys that the cache holds at most, of all: 0 to 1. */
  readonly share: number;
  readonly rounds: readonly LoadRound[];
}

export interface RatioResults {
  readonly store: Store;
  readonly keys: number;
  readonly connections: number;
  readonly seconds: number;
  readonly results: readonly RatioResult[];
}

const SHARES = [0.1, 0.25, 0.5, 0.75, 1];
const QUICK_SHARES = [0.5];
const KEYS = 100_000;
const QUICK_KEYS = 1_000;
const CONNECTIONS = 64;
const QUICK_CONNECTIONS = 8;
const SEED = 20_261_121;

interface Setting {
  readonly load: LoadClient;
  readonly data: Data;
  readonly keys: number;
  readonly connections: number;
  readonly seconds: number;
  readonly seed: number;
}

/** Every round has a server of its own for each share. */
export async function measureRatios(
  store: Store,
  { rounds, seconds, quick }: LoadScale,
): Promise<Report<RatioResults>> {
  const keys = quick ? QUICK_KEYS : KEYS;
  const connections = quick ? QUICK_CONNECTIONS : CONNECTIONS;
  const shares = quick ? QUICK_SHARES : SHARES;
  const load = await LoadClient.start();
  const data = await STORES_BY_NAME[store](keys, SEED);
  try {
    const measured = new Map<string, LoadRound[]>();
    for (let round = 0; round < rounds; round++) {
      const order = round % 2 === 0 ? shares : [...shares].reverse();
      for (const share of order) {
        const setting = { load, data, keys, connections, seconds, seed: SEED + round };
        for (const [distribution, result] of await measureShare(share, setting)) {
          const name = labelOf(distribution, share);
          measured.set(name, [...(measured.get(name) ?? []), result]);
        }
      }
    }
    const results = (Object.keys(DISTRIBUTIONS) as Distribution[]).flatMap((distribution) =>
      shares.map((share) => {
        const all = measured.get(labelOf(distribution, share)) ?? [];
        return { distribution, share, ...summaryOf(all), rounds: all };
      }),
    );
    const result = { store, keys, connections, seconds, results };
    return { result, rows: rowsOf(result), text: ratiosText(result) };
  } finally {
    await Promise.all([load, data].map((one) => one.stop()));
  }
}

async function measureShare(share: number, setting: Setting): Promise<Map<Distribution, LoadRound>> {
  const { data, keys } = setting;
  const maxKeys = Math.round(share * keys);
  const server = await startHotshard(['--workers', '1', '--max-keys', String(maxKeys), ...data.flags]);
  try {
    const results = new Map<Distribution, LoadRound>();
    await readAll(server, setting);
    for (const distribution of Object.keys(DISTRIBUTIONS) as Distribution[]) {
      results.set(distribution, await measureDistribution(distribution, server, setting));
    }
    return results;
  } finally {
    await server.stop();
  }
}

/** Fills the cache with as much as it holds. */
async function readAll({ port }: RunningServer, { load, keys, connections, seed }: Setting): Promise<void> {
  const workload = { dialect: 'hotshard', keys, seed } as const;
  await load.run({ kind: 'each', operation: 'read', port, connections, workload });
}

/** As long again before, so that the cache holds what this distribution leaves in it. */
async function measureDistribution(
  distribution: Distribution,
  server: RunningServer,
  { load, data, keys, connections, seconds, seed }: Setting,
): Promise<LoadRound> {
  const order = (ownSeed: number): Order => ({
    kind: 'mix',
    port: server.port,
    connections,
    seconds,
    workload: { dialect: 'hotshard', keys, seed: ownSeed, reads: 1, exponent: DISTRIBUTIONS[distribution] },
  });
  await load.run(order(-seed));
  return measureLoad({ load, server, redis: data.redis, hasStats: true }, order(seed));
}

function labelOf(distribution: Distribution, share: number): string {
  return `${distribution} ${share}`;
}

function rowsOf({ store, keys, connections, seconds, results }: RatioResults) {
  return results.flatMap(({ distribution, share, rounds }) =>
    loadRows({ store, distribution, share, connections, keys, seconds }, rounds),
  );
}

function ratiosText({ keys, connections, seconds, results }: RatioResults): string {
  const rows = results.map((result) => [
    result.distribution,
    `${100 * result.share} %`,
    ...loadCells(result),
  ]);
  return [
    `${connections} connections, reads alone, ${countText(keys)} keys, rounds of ${seconds} s; medians. CPU is of the server per request.\n\n`,
    textTable([['', 'cache', ...LOAD_HEADER], ...rows], 1),
  ].join('');
}
