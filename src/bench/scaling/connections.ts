/**
 * Requests and memory by the number of connections: first nearly all of them idle, a fixed number of requests per second
 * going by a few of them; then all of them asking as often as they can.
 */
import { LoadClient } from '../load/client.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { PacedOrder } from '../load/orders.js';
import type { Report } from '../sections.js';
import { measureSweep, type Point } from '../sweep.js';
import { countText } from '../text-table.js';
import { CONNECTIONS, keysOf } from './options.js';
import { CPU, FAILURES, MEDIAN, P99, RATE, reportOf, type SweepResult } from './report.js';
import { residentPeak } from './resident-peak.js';
import type { Stops } from './room.js';
import { type Extent, fill, measureMix, mixOf, onServer, type Trial, warmUp } from './trial.js';

const COUNTS = [1, 10, 100, 1_000, 3_000, 10_000];
const QUICK_COUNTS = [100];
const VALUE_SIZE = 32;

/** Requests per second while nearly all are idle. */
const IDLE_RATE = 1_000;

/** As many as there are connections may wait, if something makes them: none is to be refused for being one too many. */
const FLAGS = ['--workers', '1', '--backlog-limit', '20000'];

/** Files and sockets that a process needs beside the connections. */
const OTHER_FILES = 200;

const ACTIVITIES = ['mostly idle', 'all active'] as const;
type Activity = (typeof ACTIVITIES)[number];

interface ConnectionsRound extends LoadRound {
  /** Resident memory of the server before the connections were opened, and at its highest with them, in bytes. */
  readonly residentBefore: number;
  readonly residentPeak: number;
}

export async function measureConnections(scale: LoadScale): Promise<Report<SweepResult>> {
  const { rounds, seconds, quick } = scale;
  const keys = keysOf(scale);
  const { stops: counts, skipped } = allowed(quick ? QUICK_COUNTS : COUNTS, openFiles());
  const load = await LoadClient.start();
  try {
    const stops = counts.map((connections) => ({
      labels: { connections, keys, value_size: VALUE_SIZE, idle_rate: IDLE_RATE, seconds },
      measure: () =>
        onServer({ load, flags: FLAGS }, (trial) =>
          measureBoth(trial, { keys, valueSize: VALUE_SIZE, connections }, scale),
        ),
    }));
    const measured = await measureSweep('connections', stops, rounds, 0);
    const points = ACTIVITIES.flatMap((activity) =>
      measured.map(
        (point): Point<ConnectionsRound> => ({
          labels: { activity, ...point.labels },
          rounds: point.rounds.map((both) => both[activity]),
        }),
      ),
    );
    return reportOf(points, {
      intro: `One worker, 80 % reads. Mostly idle: ${countText(IDLE_RATE)} requests per second in all.`,
      skipped,
      labels: {
        '': ({ activity }) => String(activity),
        connections: ({ connections }) => countText(Number(connections)),
      },
      columns: [
        ...[RATE, MEDIAN, P99, CPU],
        { title: 'peak resident MB', of: (round) => round.residentPeak / 1e6, digits: 0 },
        { title: 'grown MB', of: (round) => (round.residentPeak - round.residentBefore) / 1e6, digits: 1 },
        FAILURES,
      ],
      rowOf: (round) => ({
        resident_before_bytes: round.residentBefore,
        resident_peak_bytes: round.residentPeak,
      }),
    });
  } finally {
    await load.stop();
  }
}

/** @param files that a process may have open */
export function allowed(counts: readonly number[], files: number): Stops<number> {
  const fits = (count: number) => count + OTHER_FILES <= files;
  return {
    stops: counts.filter(fits),
    skipped: counts
      .filter((count) => !fits(count))
      .map((count) => `${countText(count)} connections: a process may have ${countText(files)} files open`),
  };
}

/** Node.js raises the limit to the hard one when it starts, and so do the server and the load. */
function openFiles(): number {
  const { userLimits } = process.report.getReport() as {
    readonly userLimits?: { readonly open_files: { readonly soft: number | string } };
  };
  const limit = Number(userLimits?.open_files.soft);
  return Number.isNaN(limit) ? Number.POSITIVE_INFINITY : limit;
}

/** Idle ones first: what the active ones need would be there already. */
async function measureBoth(
  trial: Trial,
  extent: Extent,
  scale: LoadScale,
): Promise<Readonly<Record<Activity, ConnectionsRound>>> {
  await fill(trial, extent);
  await warmUp(trial, { ...extent, connections: CONNECTIONS }, scale);
  const paced: PacedOrder = { ...mixOf(trial, extent, scale.seconds), kind: 'paced', rate: IDLE_RATE };
  const idle = await withMemory(trial, () =>
    measureLoad({ ...trial, redis: undefined, hasStats: true }, paced),
  );
  return {
    'mostly idle': idle,
    'all active': await withMemory(trial, () => measureMix(trial, extent, scale)),
  };
}

async function withMemory({ server }: Trial, measure: () => Promise<LoadRound>): Promise<ConnectionsRound> {
  const peak = residentPeak(server);
  try {
    const round = await measure();
    return { ...round, residentBefore: peak.first, residentPeak: peak.highest() };
  } finally {
    peak.stop();
  }
}
