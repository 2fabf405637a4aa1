/**
 * What telemetry costs a server: this build beside a copy of it whose telemetry does nothing (without.ts), and, where one
 * is named, the build of another checkout. All run all the time, with one worker on the same core, and are loaded in turn,
 * over HTTP, which is the fast lane's, and over the Redis protocol. CPU time per request says what telemetry costs: its
 * ratio is of rounds that were measured together.
 */
import { join, resolve } from 'node:path';
import { LoadClient } from '../load/client.js';
import type { Dialect } from '../load/dialects.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Order } from '../load/orders.js';
import { freePort, type RunningServer, startHotshard } from '../load/server.js';
import { LOAD_HEADER, type LoadSummary, loadCells, loadRow, summaryOf } from '../load/summary.js';
import type { Report } from '../sections.js';
import { type Spread, spreadOf } from '../spread.js';
import { measureSweep, type Point, sweepRows } from '../sweep.js';
import { withTemporaryFolder } from '../temporary.js';
import { range, textTable } from '../text-table.js';
import { copyWithoutTelemetry } from './without.js';

type Build = 'on' | 'off' | 'other';

export interface ServerResults {
  readonly connections: number;
  readonly results: readonly (LoadSummary & {
    readonly protocol: string;
    readonly telemetry: Build;
    readonly rounds: readonly LoadRound[];
  })[];
  /** CPU time per request with telemetry by that without, round by round, where the system told of both. */
  readonly ratios: Readonly<Record<string, Spread>>;
}

const CONNECTIONS = 64;
const KEYS = 10_000;
const QUICK_KEYS = 100;
const SEED = 20_261_121;
const READS = 0.8;

const DIALECTS = { http: 'hotshard', resp: 'redis' } as const satisfies Readonly<Record<string, Dialect>>;
type Protocol = keyof typeof DIALECTS;
const PROTOCOLS = Object.keys(DIALECTS) as readonly Protocol[];

interface Contender {
  readonly telemetry: Build;
  readonly server: RunningServer;
  readonly ports: Readonly<Record<Protocol, number>>;
}

/** @param against folder of another checkout, built */
export function measureServers(
  scale: LoadScale,
  against: string | undefined,
): Promise<Report<ServerResults>> {
  return withTemporaryFolder('telemetry', async (folder) => {
    const programs: [Build, string | undefined][] = [
      ['on', undefined],
      ['off', copyWithoutTelemetry(folder)],
    ];
    if (against !== undefined) programs.push(['other', join(resolve(against), 'dist/bin/hotshard.js')]);
    const load = await LoadClient.start();
    const contenders: Contender[] = [];
    try {
      for (const [telemetry, program] of programs) contenders.push(await start(telemetry, program));
      return reportOf(await measured(load, contenders, scale), scale);
    } finally {
      await Promise.all([load, ...contenders.map(({ server }) => server)].map((one) => one.stop()));
    }
  });
}

async function start(telemetry: Build, program: string | undefined): Promise<Contender> {
  const resp = await freePort();
  const server = await startHotshard(['--workers', '1', '--resp-port', String(resp)], 'server', program);
  return { telemetry, server, ports: { http: server.port, resp } };
}

async function measured(
  load: LoadClient,
  contenders: readonly Contender[],
  { rounds, seconds, quick }: LoadScale,
): Promise<Point<LoadRound>[]> {
  const stops = [];
  for (const protocol of PROTOCOLS) {
    for (const { telemetry, server, ports } of contenders) {
      const target = { port: ports[protocol], connections: CONNECTIONS };
      const workload = { dialect: DIALECTS[protocol], keys: quick ? QUICK_KEYS : KEYS, seed: SEED };
      await load.run({ kind: 'each', operation: 'write', ...target, workload });
      const mix = { ...workload, reads: READS, exponent: 0 };
      const order: Order = { kind: 'mix', ...target, seconds, workload: mix };
      stops.push({
        labels: { protocol, telemetry, connections: CONNECTIONS, seconds },
        measure: () => measureLoad({ load, server, redis: undefined, hasStats: telemetry !== 'off' }, order),
      });
    }
  }
  return measureSweep('server', stops, rounds, quick ? 0 : 1);
}

function reportOf(points: readonly Point<LoadRound>[], { rounds }: LoadScale): Report<ServerResults> {
  const results = points.map(({ labels, rounds: all }) => ({
    protocol: String(labels.protocol),
    telemetry: labels.telemetry as Build,
    ...summaryOf(all),
    rounds: all,
  }));
  const ratios = Object.fromEntries(
    PROTOCOLS.map((protocol) => {
      const [on = [], off = []] = (['on', 'off'] as const).map(
        (build) => results.find((one) => one.protocol === protocol && one.telemetry === build)?.rounds,
      );
      // A quick round may be over before a tick of the system's clock is.
      const both = on.flatMap(({ cpu }, round) => (off[round]?.cpu > 0 ? cpu / off[round].cpu : []));
      return [protocol, spreadOf(both)];
    }),
  );
  const lines = results.map((result) => [result.protocol, result.telemetry, ...loadCells(result)]);
  const told = Object.entries(ratios).flatMap(([protocol, ratio]) =>
    Number.isNaN(ratio.median)
      ? []
      : `${protocol}: CPU per request with telemetry by that without ${ratio.median.toFixed(3)} (${range(ratio, 3)})\n`,
  );
  return {
    result: { connections: CONNECTIONS, results, ratios },
    rows: sweepRows(points, loadRow),
    text: `Medians of ${rounds} rounds.\n\n${textTable([['protocol', 'telemetry', ...LOAD_HEADER], ...lines], 2)}\n${told.join('')}`,
  };
}
