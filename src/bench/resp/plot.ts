/** Charts of the sections of `bench:resp`. */
import { barChart } from '../bars.js';
import { type CsvRow, measuresOf } from '../csv-table.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { countText, sizeText } from '../text-table.js';
import { OWN } from './contenders.js';

export const PLOTS: readonly Plot[] = [
  {
    file: 'resp-one-core.svg',
    csvs: ['resp-one-core.csv'],
    draw: (rows) =>
      chart(rows, {
        title: 'The Redis protocol under redis-benchmark, one core',
        measure: 'operations per second of CPU time',
        column: 'operations_per_core_second',
      }),
  },
  {
    file: 'resp-two-cores.svg',
    csvs: ['resp-two-cores.csv'],
    draw: (rows) =>
      chart(rows, {
        title: 'The Redis protocol under redis-benchmark, two cores, with the load on the same',
        measure: 'operations per second',
        column: 'operations_per_second',
      }),
  },
];

interface Shown {
  readonly title: string;
  readonly measure: string;
  readonly column: string;
}

/** A small chart for each depth. */
function chart(rows: readonly CsvRow[], { title, measure, column }: Shown): Chart {
  const [first] = rows;
  const extent = [
    `${countText(first.number('connections'))} connections`,
    `${countText(first.number('keys'))} keys, values of ${sizeText(first.number('value_bytes'))}`,
    `rounds of ${first.number('seconds')} s in turn`,
  ];
  const measured = measuresOf(rows, ['depth', 'operation', 'contender'], [{ title: measure, column }]);
  return barChart({
    title,
    subtitle: `${extent.join('; ')}; medians, with minimum and maximum.`,
    bars: measured
      .sort((a, b) => a.row.number('depth') - b.row.number('depth'))
      .map(({ row, spread }) => ({
        measure: `${row.number('depth')} at once: ${measure}`,
        label: `${row.text('operation')}, ${row.text('contender')}`,
        ...{ spread, isOwn: row.text('contender') === OWN },
      })),
  });
}
