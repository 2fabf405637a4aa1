/**
 * Requests by the number of worker threads, from one to as many as there are cores. The server may use all of them, and
 * the load takes one of these away: so cores that the server got are measured, too.
 */
import { availableParallelism } from 'node:os';
import { LoadClient } from '../load/client.js';
import type { LoadRound } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Report } from '../sections.js';
import { measureSweep } from '../sweep.js';
import { CONNECTIONS, keysOf } from './options.js';
import { CPU, FAILURES, MEDIAN, P99, RATE, RESIDENT, reportOf, type SweepResult } from './report.js';
import { fill, measureMix, onServer } from './trial.js';

const VALUE_SIZE = 32;

/** Powers of two, and all. */
export function workerCounts(cores: number): number[] {
  const counts = [];
  for (let count = 1; count < cores; count *= 2) counts.push(count);
  return [...counts, cores];
}

export async function measureWorkers(scale: LoadScale): Promise<Report<SweepResult>> {
  const extent = { keys: keysOf(scale), valueSize: VALUE_SIZE, connections: CONNECTIONS };
  const cores = availableParallelism();
  const load = await LoadClient.start();
  try {
    const stops = (scale.quick ? [cores] : workerCounts(cores)).map((workers) => ({
      labels: {
        ...{ workers, connections: CONNECTIONS, keys: extent.keys, value_size: VALUE_SIZE },
        seconds: scale.seconds,
      },
      measure: () =>
        onServer({ load, flags: ['--workers', String(workers)], core: 'any' }, async (trial) => {
          await fill(trial, extent);
          return measureMix(trial, extent, scale);
        }),
    }));
    const points = await measureSweep('workers', stops, scale.rounds, 0);
    return reportOf(points, {
      intro: `${CONNECTIONS} connections, 80 % reads; the load has one of the cores to share with the server.`,
      labels: { workers: ({ workers }) => String(workers) },
      columns: [
        ...[RATE, MEDIAN, P99, CPU],
        { title: 'cores used', of: coresOf, digits: 2 },
        ...[RESIDENT, FAILURES],
      ],
      rowOf: (round) => ({ server_cores: coresOf(round).toFixed(3) }),
    });
  } finally {
    await load.stop();
  }
}

/** Seconds of CPU time that the server took per second. */
function coresOf({ rate, cpu }: LoadRound): number {
  return (rate * cpu) / 1e6;
}
