/** How the soak draws what it sampled: each figure over time, a curve for each phase. */
import type { CsvRow, Measure } from '../csv-table.js';
import { curves } from '../curves.js';
import type { Plot } from '../plot.js';
import { spreadOf } from '../spread.js';
import type { Chart } from '../svg.js';

export const PLOTS: readonly Plot[] = [{ file: 'soak.svg', csvs: ['soak.csv'], draw: soakChart }];

const MEASURES: readonly Measure[] = [
  { title: 'resident memory, MB', column: 'resident_bytes', factor: 1e-6 },
  { title: 'operations per second', column: 'operations_per_second' },
  { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 1e-3 },
  { title: 'open files', column: 'open_files' },
  { title: 'workers killed so far', column: 'worker_restarts' },
  { title: 'outages of Redis so far', column: 'redis_outages' },
];

function soakChart(rows: readonly CsvRow[]): Chart {
  const wrong = Math.max(...rows.map((row) => row.number('wrong')));
  return curves({
    title: 'Minutes of load under faults',
    subtitle: `From the beginning of each phase, the time to settle included. ${wrong === 0 ? 'No' : wrong} wrong reads.`,
    x: { title: 'seconds', scale: 'linear' },
    y: { scale: 'linear' },
    points: MEASURES.flatMap(({ title, column, factor = 1 }) =>
      rows.flatMap((row) => {
        const value = row.optionalNumber(column);
        if (value === undefined) return [];
        const point = { measure: title, series: row.text('phase'), x: row.number('seconds') };
        return { ...point, isOwn: false, spread: spreadOf([value * factor]) };
      }),
    ),
  });
}
