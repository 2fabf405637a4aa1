/** Charts of `bench:rate`: for each pair latency, and what was answered in time, over the rate. */
import { type CsvRow, type Measure, measuresOf } from '../csv-table.js';
import { curves } from '../curves.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { countText } from '../text-table.js';
import { PAIRS, type Pair } from './pairs.js';

/** Of all pairs: a CSV file may be there of a pair that this build can't measure. */
export const PLOTS: readonly Plot[] = PAIRS.map((pair) => ({
  file: `rate-${pair.name}.svg`,
  csvs: [`rate-${pair.name}.csv`],
  draw: (rows) => pairChart(pair, rows),
}));

const LATENCIES: readonly Measure[] = [
  { title: 'latency, mean, ms', column: 'latency_mean', factor: 0.001 },
  { title: 'latency, 95th percentile, ms', column: 'latency_p95', factor: 0.001 },
  { title: 'latency, 99th percentile, ms', column: 'latency_p99', factor: 0.001 },
];

const SUCCESS: readonly Measure[] = [
  { title: 'answered 200 within 2 s, % of the requests', column: 'success_rate', factor: 100 },
];

function pairChart({ title, variants: [own] }: Pair, rows: readonly CsvRow[]): Chart {
  const [first] = rows;
  const workers = first.number('workers');
  const subtitle = `${workers === 1 ? '1 worker' : `${workers} workers`}, ${countText(first.number('connections'))} connections, ${countText(first.number('keys'))} keys, 80 % reads, rounds of ${first.number('seconds')} s in turn. Time counts from when a request was due; medians, and bands from the lowest round to the highest.`;
  const x = { title: 'requests due per second', scale: 'linear' } as const;
  const pointsOf = (measures: readonly Measure[]) =>
    measuresOf(rows, ['variant', 'rate'], measures).map(({ measure, row, spread }) => ({
      ...{ measure, series: row.text('variant'), x: row.number('rate'), spread },
      isOwn: row.text('variant') === own.name,
    }));
  const latency = curves({ title, subtitle, x, y: { scale: 'log' }, points: pointsOf(LATENCIES) });
  const success = curves({ title, subtitle, x, y: { scale: 'linear' }, points: pointsOf(SUCCESS) });
  return { ...latency, plot: { ...latency.plot, concat: [...panelsOf(latency), ...panelsOf(success)] } };
}

function panelsOf({ plot }: Chart) {
  return 'concat' in plot ? plot.concat : [];
}
