/** Charts of the sections of `bench:http`. */
import type { CsvRow, Measure } from '../csv-table.js';
import { type Cases, contestChart } from '../peers/plot.js';
import type { Plot } from '../plot.js';

const CPU: Measure = { title: 'CPU per request, µs', column: 'cpu_us_per_request' };
const RATE: Measure = { title: 'requests per second', column: 'requests_per_second' };
const P99: Measure = { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 0.001 };
const P50: Measure = { title: 'latency, median, ms', column: 'p50_us', factor: 0.001 };

const STREAMS: Cases = {
  columns: ['kind', 'depth'],
  nameOf: (row) =>
    row.number('depth') > 1 ? `${row.text('kind')}, ${row.text('depth')} at once` : row.text('kind'),
  load: 'reads alone, writes alone',
};

export const PLOTS: readonly Plot[] = [
  {
    file: 'http-plain.svg',
    csvs: ['http-plain.csv'],
    draw: drawn('HTTP under wrk', [RATE, CPU, P50, P99]),
  },
  {
    file: 'http-pipelined.svg',
    csvs: ['http-pipelined.csv'],
    draw: drawn('HTTP under wrk, pipelined', [RATE, CPU]),
  },
  {
    file: 'http-values.svg',
    csvs: ['http-values.csv'],
    draw: drawn('HTTP under wrk, larger values', [RATE, CPU, P99]),
  },
  {
    file: 'http-connections.svg',
    csvs: ['http-connections.csv'],
    draw: drawn('HTTP under wrk, many connections', [RATE, CPU, P50, P99]),
  },
  {
    file: 'http-http2.svg',
    csvs: ['http-http2.csv'],
    draw: (rows) => contestChart('HTTP/2 without TLS under h2load', rows, [RATE, CPU], STREAMS),
  },
];

function drawn(title: string, measures: readonly Measure[]): Plot['draw'] {
  return (rows: readonly CsvRow[]) => contestChart(title, rows, measures);
}
