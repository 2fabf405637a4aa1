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

/** Where rows of one file differ in more than who is measured. */
export interface Cases {
  readonly columns: readonly string[];
  readonly nameOf: (row: CsvRow) => string;
  /** What is asked for, in all of them. */
  readonly load: string;
}

const SIZES: Cases = {
  columns: ['value_bytes'],
  nameOf: (row) => sizeText(row.number('value_bytes')),
  load: '80 % reads, 20 % writes',
};

/** Where there are several cases, each has bars of its own. */
export function contestChart(
  title: string,
  rows: readonly CsvRow[],
  measures: readonly Measure[] = MEASURES,
  { columns, nameOf, load }: Cases = SIZES,
): Chart {
  const [first] = rows;
  const hasCases = new Set(rows.map(nameOf)).size > 1;
  return barChart({
    title,
    subtitle: `${load}; ${settingOf(rows)}; one thread each, rounds of ${first.number('seconds')} s in turn; medians, with minimum and maximum.`,
    bars: measuresOf(rows, [...columns, 'contender'], measures).map(({ measure, row, spread }) => ({
      ...{ label: row.text('contender'), spread },
      measure: hasCases ? `${nameOf(row)}: ${measure}` : measure,
      isOwn: row.text('contender').startsWith(OWN),
    })),
  });
}

/** What is the same in all rows. */
function settingOf(rows: readonly CsvRow[]): string {
  const [row] = rows;
  const isFixed = (column: string) => rows.every((other) => other.text(column) === row.text(column));
  const parts = [`${countText(row.number('connections'))} connections`];
  if (isFixed('depth') && row.number('depth') > 1)
    parts.push(`${row.number('depth')} requests at once on each`);
  if (isFixed('value_bytes')) {
    parts.push(`${countText(row.number('keys'))} keys, values of ${sizeText(row.number('value_bytes'))}`);
  }
  return parts.join(', ');
}
