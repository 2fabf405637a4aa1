/** Requests, and bytes, by the length of the values. */
import { LoadClient } from '../load/client.js';
import type { LoadRound } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Report } from '../sections.js';
import { measureSweep } from '../sweep.js';
import { sizeText } from '../text-table.js';
import { CONNECTIONS, keysOf } from './options.js';
import { CPU, FAILURES, MEDIAN, P99, RATE, reportOf, type SweepResult } from './report.js';
import { fill, measureMix, onServer } from './trial.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = [16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, MIB];
const QUICK_SIZES = [64 * KIB];

/** Of all values together: a quarter of the map, so that none is evicted. Few keys where values are long. */
const MOST_BYTES = 64 * MIB;

interface ValuesRound extends LoadRound {
  /** Of values, read and written, per second. */
  readonly megabytes: number;
}

export async function measureValues(scale: LoadScale): Promise<Report<SweepResult>> {
  const { rounds, seconds, quick } = scale;
  const load = await LoadClient.start();
  try {
    const stops = (quick ? QUICK_SIZES : SIZES).map((valueSize) => {
      const keys = Math.min(keysOf(scale), MOST_BYTES / valueSize);
      return {
        labels: { value_size: valueSize, keys, connections: CONNECTIONS, seconds },
        measure: (): Promise<ValuesRound> =>
          onServer({ load, flags: ['--workers', '1'] }, async (trial) => {
            const extent = { keys, valueSize, connections: CONNECTIONS };
            await fill(trial, extent);
            const round = await measureMix(trial, extent, scale);
            return { ...round, megabytes: (round.rate * valueSize) / 1e6 };
          }),
      };
    });
    return reportOf(await measureSweep('values', stops, rounds, 0), {
      intro: `One worker, ${CONNECTIONS} connections, 80 % reads.`,
      labels: { value: (labels) => sizeText(Number(labels.value_size)) },
      columns: [
        RATE,
        { title: 'MB/s', of: ({ megabytes }) => megabytes, digits: 1 },
        ...[MEDIAN, P99, CPU, FAILURES],
      ],
      rowOf: ({ megabytes }) => ({ megabytes_per_second: megabytes.toFixed(2) }),
    });
  } finally {
    await load.stop();
  }
}
