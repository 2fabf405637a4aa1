/** Section "compare": hotshard without Redis and with it, next to others in front of the same Redis. */
import { alternate } from '../alternate.js';
import { missingProgram } from '../installed.js';
import { LoadClient } from '../load/client.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { RunningServer } from '../load/server.js';
import { LOAD_HEADER, type LoadSummary, loadCells, loadRows, summaryOf } from '../load/summary.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';
import { CONTENDER_NAMES, CONTENDERS, type ContenderName } from './contenders.js';
import { type Extent, extentOf, READS, SEED } from './options.js';
import { startRedis } from './redis-server.js';

export const MIXES = { '80/20': READS, reads: 1, writes: 0 } as const;
export type MixName = keyof typeof MIXES;

export interface CompareResult extends LoadSummary {
  readonly mix: MixName;
  readonly contender: ContenderName;
  readonly rounds: readonly LoadRound[];
}

export interface Comparison {
  readonly connections: number;
  readonly keys: number;
  readonly seconds: number;
  /** Who is not there, and why. */
  readonly skipped: readonly string[];
  readonly results: readonly CompareResult[];
}

interface Case {
  readonly mix: MixName;
  readonly contender: ContenderName;
}

const WARM_UP_ROUNDS = 1;

export async function compare({ rounds, seconds, quick }: LoadScale): Promise<Report<Comparison>> {
  const { connections, keys } = extentOf({ quick });
  const missing = missingProgram('webdis');
  const skipped = missing === undefined ? [] : [`Webdis: ${missing}`];
  const names = CONTENDER_NAMES.filter((name) => name !== 'Webdis' || skipped.length === 0);
  const redis = await startRedis();
  const load = await LoadClient.start();
  const servers = new Map<ContenderName, RunningServer>();
  try {
    const starts = names.map(async (name) => servers.set(name, await CONTENDERS[name].start(redis.port)));
    // All, so that those that came up are stopped when one did not.
    for (const { reason } of (await Promise.allSettled(starts)).filter((one) => one.status === 'rejected')) {
      throw reason;
    }
    for (const [name, { port }] of servers) {
      const workload = { dialect: CONTENDERS[name].dialect, keys, seed: SEED };
      await load.run({ kind: 'each', operation: 'write', port, connections, workload });
    }
    let seed = SEED;
    const subjects = new Map(
      casesOf(names).map((one) => [
        one,
        () => measure(one, { servers, load, redis, connections, keys, seconds, seed: ++seed }),
      ]),
    );
    const measured = await alternate(subjects, rounds, quick ? 0 : WARM_UP_ROUNDS, 'compare');
    const results = [...measured].map(([one, all]) => ({ ...one, ...summaryOf(all), rounds: all }));
    const result = { connections, keys, seconds, skipped, results };
    return { result, rows: rowsOf(result), text: compareText(result) };
  } finally {
    await Promise.all([load, redis, ...servers.values()].map((one) => one.stop()));
  }
}

/** The mix of all; reads alone and writes alone of hotshard's. */
function casesOf(names: readonly ContenderName[]): Case[] {
  const own = names.filter((name) => CONTENDERS[name].hasStats);
  return [
    ...names.map((contender) => ({ mix: '80/20', contender }) as const),
    ...own.map((contender) => ({ mix: 'reads', contender }) as const),
    ...own.map((contender) => ({ mix: 'writes', contender }) as const),
  ];
}

interface Surroundings extends Extent {
  readonly servers: ReadonlyMap<ContenderName, RunningServer>;
  readonly load: LoadClient;
  readonly redis: RunningServer;
  readonly seconds: number;
  readonly seed: number;
}

async function measure(
  { mix, contender }: Case,
  { servers, load, redis, connections, keys, seconds, seed }: Surroundings,
): Promise<LoadRound> {
  const { dialect, hasStats, usesRedis } = CONTENDERS[contender];
  const server = servers.get(contender);
  if (server === undefined) throw new Error(`${contender} was not started`);
  return measureLoad(
    { load, server, redis: usesRedis ? redis : undefined, hasStats },
    {
      kind: 'mix',
      port: server.port,
      connections,
      seconds,
      workload: { dialect, keys, seed, reads: MIXES[mix], exponent: 0 },
    },
  );
}

function rowsOf({ connections, keys, seconds, results }: Comparison) {
  return results.flatMap(({ mix, contender, rounds }) =>
    loadRows({ mix, contender, connections, keys, seconds }, rounds),
  );
}

export function compareText({ connections, keys, seconds, skipped, results }: Comparison): string {
  const rows = results.map((result) => [result.mix, result.contender, ...loadCells(result)]);
  return [
    `${connections} connections, ${countText(keys)} keys, rounds of ${seconds} s in turn; medians. CPU is of the server per request.\n\n`,
    textTable([['', 'contender', ...LOAD_HEADER], ...rows], 2),
    ...skipped.map((line) => `skipped: ${line}\n`),
  ].join('');
}
