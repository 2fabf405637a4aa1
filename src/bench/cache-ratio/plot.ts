/** The chart of `bench:cache-ratio`: curves over the share of the keys that the cache holds. */
import { type CsvRow, measuresOf } from '../csv-table.js';
import { curves } from '../curves.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { countText } from '../text-table.js';
import { COLORS } from '../theme.js';

export const PLOTS: readonly Plot[] = [
  { file: 'cache-ratio.svg', csvs: ['cache-ratio-file.csv', 'cache-ratio-redis.csv'], draw: ratiosChart },
];

const MEASURES = [
  { title: 'requests per second', column: 'requests_per_second' },
  { title: 'hits, %', column: 'hit_ratio', factor: 100 },
  { title: 'CPU of the server per request, µs', column: 'cpu_us_per_request' },
  { title: 'latency, 99th percentile, ms', column: 'p99_us', factor: 0.001 },
];

/** A colour for each store, a dash for what is asked for. */
const STYLES = {
  'file, Zipf 0.99': { color: COLORS.own, dash: [] },
  'file, uniform': { color: COLORS.own, dash: [4, 4] },
  'redis, Zipf 0.99': { color: COLORS.blue, dash: [] },
  'redis, uniform': { color: COLORS.blue, dash: [4, 4] },
};

function ratiosChart(rows: readonly CsvRow[]): Chart {
  const [first] = rows;
  const isOnce = rows.every((row) => row.number('round') === 1);
  return curves({
    title: 'Reads by the size of the cache',
    subtitle: [
      `${first.number('connections')} connections, ${countText(first.number('keys'))} keys, one worker, the rest in a data file or in Redis; `,
      `rounds of ${first.number('seconds')} s${isOnce ? ', one of each' : '; medians, in bands from minimum to maximum'}.`,
    ].join(''),
    x: { title: 'cache size (% of keys)', scale: 'linear', domain: [0, 100] },
    y: { scale: 'linear' },
    styles: STYLES,
    points: measuresOf(rows, ['store', 'distribution', 'share'], MEASURES).map(
      ({ measure, row, spread }) => ({
        ...{ measure, series: `${row.text('store')}, ${row.text('distribution')}`, isOwn: false },
        ...{ x: 100 * row.number('share'), spread },
      }),
    ),
  });
}
