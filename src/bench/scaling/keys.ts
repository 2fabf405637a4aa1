/** Requests by the number of keys: all of them are in memory, and all are asked for alike often. */
import { LoadClient } from '../load/client.js';
import type { LoadRound } from '../load/measured.js';
import type { LoadScale } from '../load/options.js';
import type { Report } from '../sections.js';
import { measureSweep } from '../sweep.js';
import { countText } from '../text-table.js';
import { DataFiles } from './data-files.js';
import { CONNECTIONS } from './options.js';
import { CPU, FAILURES, P99, RATE, RESIDENT, reportOf, type SweepResult } from './report.js';
import { fitting } from './room.js';
import { measureMix, onServer } from './trial.js';

const COUNTS = [1_000, 10_000, 100_000, 1_000_000, 10_000_000];
const QUICK_COUNTS = [1_000];
const VALUE_SIZE = 32;

/** Of the map per key: two and a half times what an entry takes, so that the index is not crowded. */
const MEMORY_PER_KEY = 160;
const LEAST_MEMORY = 64 * 1024 * 1024;
/** Of the machine per key: the map, the data file's index, and the file in the system's cache. */
const ROOM_PER_KEY = 240;

interface KeysRound extends LoadRound {
  readonly startSeconds: number;
}

export async function measureKeys(scale: LoadScale): Promise<Report<SweepResult>> {
  const { rounds, seconds, quick } = scale;
  const { stops: counts, skipped } = fitting(quick ? QUICK_COUNTS : COUNTS, (keys) => ({
    name: `${countText(keys)} keys`,
    bytes: keys * ROOM_PER_KEY,
  }));
  const load = await LoadClient.start();
  const files = new DataFiles();
  try {
    for (const keys of counts) await files.write(keys, VALUE_SIZE);
    const stops = counts.map((keys) => ({
      labels: { keys, connections: CONNECTIONS, value_size: VALUE_SIZE, seconds },
      measure: (): Promise<KeysRound> => {
        const memory = Math.max(LEAST_MEMORY, keys * MEMORY_PER_KEY);
        const flags = ['--workers', '1', '--max-memory', String(memory), '--load', files.path(keys)];
        return onServer({ load, flags }, async (trial) => {
          const extent = { keys, valueSize: VALUE_SIZE, connections: CONNECTIONS };
          const round = await measureMix(trial, extent, scale);
          return { ...round, startSeconds: trial.startSeconds };
        });
      },
    }));
    const points = await measureSweep('keys', stops, rounds, 0);
    return reportOf(points, {
      intro: `One worker, ${CONNECTIONS} connections, 80 % reads, values of ${VALUE_SIZE} bytes, filled by --load.`,
      skipped,
      labels: { keys: ({ keys }) => countText(Number(keys)) },
      columns: [
        ...[RATE, P99, CPU],
        { title: 'start s', of: ({ startSeconds }) => startSeconds, digits: 2 },
        ...[RESIDENT, FAILURES],
      ],
      rowOf: ({ startSeconds }) => ({ start_seconds: startSeconds.toFixed(3) }),
    });
  } finally {
    await load.stop();
    files.remove();
  }
}
