/** How `bench:connections` draws what it measured: curves over the number of connections. */
import { type CsvRow, type Measure, measuresOf } from '../csv-table.js';
import { curves } from '../curves.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { countText } from '../text-table.js';

export const PLOTS: readonly Plot[] = [
  { file: 'connections-lookup.svg', csvs: ['connections-lookup.csv'], draw: lookupChart },
];

const MEASURES: readonly Measure[] = [
  { title: 'requests per second', column: 'requests_per_second' },
  { title: 'CPU of the server per request, µs', column: 'cpu_us_per_request' },
  { title: 'latency, median, ms', column: 'p50_us', factor: 1e-3 },
  { title: 'latency, 75th percentile, ms', column: 'p75_us', factor: 1e-3 },
  { title: 'latency, 90th percentile, ms', column: 'p90_us', factor: 1e-3 },
  { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 1e-3 },
];

function lookupChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: '/lookup by number of connections',
    subtitle: `Closed loop, one worker, ${countText(rows[0].number('keys'))} keys cached, rounds of ${rows[0].number('seconds')} s in turn; medians, in bands from minimum to maximum.`,
    x: { title: 'connections', scale: 'log' },
    y: { scale: 'log' },
    points: measuresOf(rows, ['kind', 'connections'], MEASURES).map(({ measure, row, spread }) => ({
      ...{ measure, series: row.text('kind'), x: row.number('connections'), spread },
      isOwn: row.text('kind') === 'cached hit',
    })),
  });
}
