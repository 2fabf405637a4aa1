/** The chart of `bench:peers`, and how those of `bench:http` are drawn. */
import { barChart } from '../bars.js';
import { type CsvRow, type Measure, measuresOf } from '../csv-table.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { countText, sizeText } from '../text-table.js';
import { OWN } from './contenders.js';

export const PLOTS: readonly Plot[] = [
  {
    file: 'peers.svg',
    csvs: ['peers.csv'],
    draw: (rows) => contestChart('hotshard and its peers, each in the protocol it speaks', rows),
  },
];

const MEASURES: readonly Measure[] = [
  { title: 'requests per second', column: 'requests_per_second' },
  { title: 'CPU per request, µs (Redis behind Webdis included)', column: 'total_cpu_us_per_request' },
  { title: 'latency, median, ms', column: 'p50_us', factor: 0.001 },
  { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 0.001 },
];

/** Where rows differ in the size of their values, each size has bars of its own. */
export function contestChart(
  title: string,
  rows: readonly CsvRow[],
  measures: readonly Measure[] = MEASURES,
): Chart {
  const [first] = rows;
  const sizes = [...new Set(rows.map((row) => row.number('value_bytes')))];
  const ofSize = (measure: string, row: CsvRow) =>
    sizes.length === 1 ? measure : `${sizeText(row.number('value_bytes'))}: ${measure}`;
  return barChart({
    title,
    subtitle: `80 % reads, 20 % writes; ${settingOf(first, sizes)}; one thread each, rounds of ${first.number('seconds')} s in turn; medians, with minimum and maximum.`,
    bars: measuresOf(rows, ['value_bytes', 'contender'], measures).map(({ measure, row, spread }) => ({
      ...{ measure: ofSize(measure, row), label: row.text('contender'), spread },
      isOwn: row.text('contender').startsWith(OWN),
    })),
  });
}

function settingOf(row: CsvRow, sizes: readonly number[]): string {
  const parts = [`${countText(row.number('connections'))} connections`];
  if (row.number('depth') > 1) parts.push(`${row.number('depth')} requests at once on each`);
  if (sizes.length === 1) {
    parts.push(`${countText(row.number('keys'))} keys, values of ${sizeText(sizes[0])}`);
  }
  return parts.join(', ');
}
