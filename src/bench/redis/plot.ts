/** Charts of the sections of `bench:redis`. */
import { barChart } from '../bars.js';
import { type CsvRow, measuresOf } from '../csv-table.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { countText } from '../text-table.js';
import { outageChart } from './outage-chart.js';
import { stalenessChart } from './staleness-chart.js';

export const PLOTS: readonly Plot[] = [
  { file: 'redis-compare.svg', csvs: ['redis-compare.csv'], draw: compareChart },
  { file: 'redis-staleness.svg', csvs: ['redis-staleness.csv'], draw: stalenessChart },
  { file: 'redis-outage.svg', csvs: ['redis-outage.csv'], draw: outageChart },
];

const MEASURES = [
  { title: 'requests per second', column: 'requests_per_second' },
  { title: 'CPU of the server per request, µs', column: 'cpu_us_per_request' },
  { title: 'latency, median, ms', column: 'p50_us', factor: 0.001 },
  { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 0.001 },
];

function compareChart(rows: readonly CsvRow[]): Chart {
  const [first] = rows;
  return barChart({
    title: 'In front of Redis: hotshard and others',
    subtitle: `${first.number('connections')} connections, ${countText(first.number('keys'))} keys, one thread each, rounds of ${first.number('seconds')} s in turn; medians, with minimum and maximum.`,
    bars: measuresOf(rows, ['mix', 'contender'], MEASURES).map(({ measure, row, spread }) => ({
      ...{ measure, label: `${row.text('mix')}: ${row.text('contender')}`, spread },
      isOwn: row.text('contender').startsWith('hotshard'),
    })),
  });
}
