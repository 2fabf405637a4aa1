/** How `bench:scaling` draws what it measured: curves over what grows. */
import { type CsvRow, grouped, type Measure, measuresOf } from '../csv-table.js';
import { type CurvePoint, curves } from '../curves.js';
import type { Plot } from '../plot.js';
import { spreadOf } from '../spread.js';
import type { Chart } from '../svg.js';
import { countText } from '../text-table.js';

export const PLOTS: readonly Plot[] = [
  { file: 'scaling-workers.svg', csvs: ['scaling-workers.csv'], draw: workersChart },
  { file: 'scaling-keys.svg', csvs: ['scaling-keys.csv'], draw: keysChart },
  { file: 'scaling-values.svg', csvs: ['scaling-values.csv'], draw: valuesChart },
  { file: 'scaling-connections.svg', csvs: ['scaling-connections.csv'], draw: connectionsChart },
  { file: 'scaling-memory.svg', csvs: ['scaling-memory.csv'], draw: memoryChart },
];

const BANDS = 'medians, in bands from minimum to maximum.';
const RATE = { title: 'requests per second', column: 'requests_per_second' };
const CPU = { title: 'CPU of the server per request, µs', column: 'cpu_us_per_request' };
const P99 = { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 1e-3 };

function workersChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: 'Requests by number of worker threads',
    subtitle: `${settingOf(rows)}. The load takes one of the cores, so the last worker shares its own; ${BANDS}`,
    x: { title: 'workers', scale: 'log' },
    y: { scale: 'linear' },
    points: pointsOf(rows, 'workers', [
      ...[RATE, CPU, P99],
      { title: 'cores that the server used', column: 'server_cores' },
    ]),
  });
}

function keysChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: 'Requests by number of keys',
    subtitle: `One worker, ${settingOf(rows)}, all keys alike often and in memory; ${BANDS}`,
    x: { title: 'keys', scale: 'log' },
    y: { scale: 'linear' },
    points: pointsOf(rows, 'keys', [
      ...[RATE, CPU, P99],
      { title: 'from start to ready, with --load, s', column: 'start_seconds' },
    ]),
  });
}

function valuesChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: 'Requests by length of the value',
    subtitle: `One worker, ${countText(rows[0].number('connections'))} connections, 80 % reads; ${BANDS}`,
    x: { title: 'length of the value', scale: 'log', isBytes: true },
    y: { scale: 'log' },
    points: pointsOf(rows, 'value_size', [
      RATE,
      { title: 'values, MB per second', column: 'megabytes_per_second' },
      ...[CPU, P99],
    ]),
  });
}

function connectionsChart(rows: readonly CsvRow[]): Chart {
  const measures: Measure[] = [
    ...[RATE, CPU, P99],
    { title: 'resident memory, MB', column: 'resident_peak_bytes', factor: 1e-6 },
  ];
  return curves({
    title: 'Requests and memory by number of connections',
    subtitle: `One worker, 80 % reads; mostly idle: ${countText(rows[0].number('idle_rate'))} requests per second in all; ${BANDS}`,
    x: { title: 'connections', scale: 'log' },
    y: { scale: 'log' },
    points: measuresOf(rows, ['activity', 'connections'], measures).map(({ measure, row, spread }) => ({
      ...{ measure, series: row.text('activity'), x: row.number('connections'), spread },
      isOwn: row.text('activity') === 'all active',
    })),
  });
}

const MIB = 1024 * 1024;

/** A small chart for each `--max-memory`. */
function memoryChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: 'Resident memory by number of keys',
    subtitle: `One worker, UUID keys, values of ${rows[0].text('shortest_value')} to ${rows[0].text('longest_value')} bytes, filled by --load; ${BANDS}`,
    x: { title: 'keys', scale: 'log' },
    y: { title: 'MB', scale: 'log', isShared: true },
    points: grouped(rows, ['max_memory']).flatMap(memoryPoints),
  });
}

function memoryPoints(rows: readonly CsvRow[]): CurvePoint[] {
  const limit = rows[0].number('max_memory');
  const measure = `--max-memory ${limit / MIB} MiB`;
  const atStart = rows
    .filter((row) => row.number('keys') === 0)
    .flatMap((row) => row.optionalNumber('resident_bytes') ?? []);
  const most = spreadOf(atStart.map((bytes) => (bytes + limit) / 1e6));
  const filled = rows.filter((row) => row.number('keys') > 0);
  const measured = (
    [
      ['resident memory of the process', 'resident_bytes'],
      ['bytesUsed of /stats', 'used_bytes'],
      ['keys and values handed over', 'payload_bytes'],
    ] as const
  ).flatMap(([series, column]) =>
    measuresOf(filled, ['keys'], [{ title: measure, column, factor: 1e-6 }]).map(({ row, spread }) => ({
      ...{ measure, series, x: row.number('keys'), spread },
      isOwn: column === 'resident_bytes',
    })),
  );
  const promised = grouped(filled, ['keys']).map(([row]) => ({
    ...{
      measure,
      series: 'promise: empty process + --max-memory',
      x: row.number('keys'),
      spread: most,
    },
    isOwn: false,
  }));
  return atStart.length === 0 ? measured : [...measured, ...promised];
}

/** Every measure over one column, of one series. */
function pointsOf(rows: readonly CsvRow[], x: string, measures: readonly Measure[]): CurvePoint[] {
  return measuresOf(rows, [x], measures).map(({ measure, row, spread }) => ({
    ...{ measure, series: 'hotshard', isOwn: true },
    x: row.number(x),
    spread,
  }));
}

function settingOf([row]: readonly CsvRow[]): string {
  return `${countText(row.number('connections'))} connections, 80 % reads, values of ${row.text('value_size')} bytes`;
}
