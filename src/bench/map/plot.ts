/** Charts of the sections "sizes", "keys" and "threads". */
import { barChart } from '../bars.js';
import { type CsvRow, grouped, measuresOf } from '../csv-table.js';
import { curves } from '../curves.js';
import type { Plot } from '../plot.js';
import { spreadOf } from '../spread.js';
import type { Chart } from '../svg.js';
import { countText } from '../text-table.js';
import { ratiosOf } from './statistics.js';

export const PLOTS: readonly Plot[] = [
  { file: 'map-sizes.svg', csvs: ['map-sizes.csv'], draw: sizesChart },
  { file: 'map-keys.svg', csvs: ['map-keys.csv'], draw: keysChart },
  { file: 'map-threads.svg', csvs: ['map-threads.csv'], draw: threadsChart },
];

const NANOSECONDS = { title: 'ns per operation', scale: 'log', isShared: true } as const;

function sizesChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: 'Time per operation by length of the value',
    subtitle: `One thread, ${countText(rows[0].number('keys'))} keys; medians, in bands from minimum to maximum. All copy values in and out.`,
    x: { title: 'length of the value', scale: 'log', isBytes: true },
    y: NANOSECONDS,
    columns: 3,
    points: pointsBy(rows, 'value_size'),
  });
}

function keysChart(rows: readonly CsvRow[]): Chart {
  return curves({
    title: 'Time per operation by number of keys',
    subtitle: `One thread, UUID keys, ${rows[0].number('value_size')}-byte values; medians, in bands from minimum to maximum.`,
    x: { title: 'keys', scale: 'log' },
    y: NANOSECONDS,
    points: pointsBy(rows, 'keys'),
  });
}

/** A small chart for each operation, a curve for each contender. */
function pointsBy(rows: readonly CsvRow[], x: string) {
  const wall = { title: 'ns per operation', column: 'wall_ns' };
  return measuresOf(rows, ['operation', 'contender', x], [wall]).map(({ row, spread }) => {
    const series = row.text('contender');
    return {
      ...{ measure: row.text('operation'), series, x: row.number(x), spread },
      isOwn: series.startsWith('hotshard'),
    };
  });
}

/** Of the axis of ratios: what was measured while others had the machine is cut off. */
const MOST_RATIO = 2.5;
const OWN = ['hotshard', 'hotshard, getInto'];

/** Bars of what two threads do by what one does. */
function threadsChart(rows: readonly CsvRow[]): Chart {
  const rates = (group: readonly CsvRow[], threads: number) =>
    group.filter((row) => row.number('threads') === threads).map((row) => row.number('million_ops_per_s'));
  return barChart({
    title: 'Operations per second of two threads, as a multiple of one thread',
    subtitle: `${countText(rows[0].number('keys'))} keys, rounds of ${rows[0].number('milliseconds')} ms in turn; medians, with minimum and maximum. The first two share nothing.`,
    most: MOST_RATIO,
    bars: grouped(rows, ['mix', 'contender']).map((group) => {
      const [one, two] = [rates(group, 1), rates(group, 2)];
      const [mix, label] = [group[0].text('mix'), group[0].text('contender')];
      const medians = [one, two].map((all) => spreadOf(all).median.toFixed(1));
      return {
        measure: `${mix === 'get' ? 'get only' : '80 % get, 20 % set'}, 2 threads : 1 thread`,
        ...{ label, spread: ratiosOf(two, one), isOwn: OWN.includes(label) },
        text: `${medians.join(' to ')} M/s`,
      };
    }),
  });
}
