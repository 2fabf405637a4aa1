/**
 * The whole server beside that of another checkout, built: what telemetry costs is what this one takes longer than one
 * without it. Both run all the time, and are loaded in turn.
 */
import { join, resolve } from 'node:path';
import { ROOT } from '../command.js';
import { LoadClient } from '../load/client.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Order } from '../load/orders.js';
import { startHotshard } from '../load/server.js';
import { LOAD_HEADER, type LoadSummary, loadCells, loadRow, summaryOf } from '../load/summary.js';
import type { Report } from '../sections.js';
import { measureSweep, sweepRows } from '../sweep.js';
import { textTable } from '../text-table.js';

export interface ServerResults {
  readonly connections: number;
  readonly results: readonly (LoadSummary & {
    readonly checkout: string;
    readonly rounds: readonly LoadRound[];
  })[];
}

const CONNECTIONS = 64;
const KEYS = 10_000;
const QUICK_KEYS = 100;
const SEED = 20_261_121;
const READS = 0.8;

/** @param against folder of the other checkout */
export async function measureServers(
  { rounds, seconds, quick }: LoadScale,
  against: string,
): Promise<Report<ServerResults>> {
  const keys = quick ? QUICK_KEYS : KEYS;
  const load = await LoadClient.start();
  const running: { readonly checkout: string; readonly server: Awaited<ReturnType<typeof startHotshard>> }[] =
    [];
  try {
    for (const [checkout, folder] of [
      ['this', ROOT],
      ['other', resolve(against)],
    ] as const) {
      const program = join(folder, 'dist/bin/hotshard.js');
      running.push({ checkout, server: await startHotshard(['--workers', '1'], 'server', program) });
    }
    const workload = { dialect: 'hotshard', keys, seed: SEED } as const;
    const stops = [];
    for (const { checkout, server } of running) {
      const target = { port: server.port, connections: CONNECTIONS };
      await load.run({ kind: 'each', operation: 'write', ...target, workload });
      const order: Order = {
        kind: 'mix',
        ...target,
        seconds,
        workload: { ...workload, reads: READS, exponent: 0 },
      };
      stops.push({
        labels: { checkout, connections: CONNECTIONS, seconds },
        measure: () => measureLoad({ load, server, redis: undefined, hasStats: true }, order),
      });
    }
    const points = await measureSweep('server', stops, rounds, quick ? 0 : 1);
    const results = points.map(({ labels, rounds: all }) => ({
      checkout: String(labels.checkout),
      ...summaryOf(all),
      rounds: all,
    }));
    const lines = results.map((result) => [result.checkout, ...loadCells(result)]);
    return {
      result: { connections: CONNECTIONS, results },
      rows: sweepRows(points, loadRow),
      text: textTable([['checkout', ...LOAD_HEADER], ...lines]),
    };
  } finally {
    await Promise.all([load, ...running.map(({ server }) => server)].map((one) => one.stop()));
  }
}
