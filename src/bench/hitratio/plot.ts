/** Charts of `bench:hitratio`: hit ratio by the size of the cache, a small chart for each trace, a file for each mode. */
import { type CsvRow, measuresOf } from '../csv-table.js';
import { curves, type Style } from '../curves.js';
import type { Plot } from '../plot.js';
import type { Chart } from '../svg.js';
import { COLORS } from '../theme.js';
import type { ContenderName, Mode } from './measure.js';

export const PLOTS: readonly Plot[] = (['entries', 'memory', 'used'] as const satisfies Mode[]).map(
  (mode) => ({
    file: `hitratio-${mode}.svg`,
    csvs: ['hitratio.csv'],
    draw: (rows) => chartOf(mode, rows),
  }),
);

const TITLES: Readonly<Record<Mode, string>> = {
  entries: 'Hit ratio by number of entries',
  memory: 'Hit ratio by bytes of memory',
  used: "Hit ratio by bytes of hotshard's entries",
};

const SUBTITLES: Readonly<Record<Mode, string>> = {
  entries: 'Every cache holds the same number of keys.',
  memory: 'Every cache has the same number of bytes; only hotshard also keeps its headers and index in them.',
  used: "hotshard has the memory given by the axis; the others have the bytes that hotshard's entries took in it.",
};

const AXES: Readonly<Record<Mode, string>> = {
  entries: 'cache size, % of keys',
  memory: 'cache size, % of bytes',
  used: 'memory, % of bytes',
};

const STYLES: Readonly<Record<ContenderName, Style>> = {
  FIFO: { color: COLORS.grey, dash: [1, 3] },
  LRU: { color: COLORS.blue, dash: [] },
  CLOCK: { color: COLORS.sky, dash: [5, 3] },
  SIEVE: { color: COLORS.purple, dash: [] },
  'S3-FIFO': { color: COLORS.amber, dash: [] },
  'W-TinyLFU': { color: COLORS.green, dash: [5, 3] },
  optimum: { color: COLORS.ink, dash: [2, 3] },
  hotshard: { color: COLORS.own, dash: [] },
};

function chartOf(mode: Mode, all: readonly CsvRow[]): Chart {
  const rows = all.filter((row) => row.text('mode') === mode);
  const hits = { title: 'hits', column: 'hit_ratio', factor: 100 };
  return curves({
    title: TITLES[mode],
    subtitle: SUBTITLES[mode],
    x: { title: AXES[mode], scale: 'log' },
    y: { title: 'hits, %', scale: 'close' },
    columns: 4,
    styles: STYLES,
    points: measuresOf(rows, ['trace', 'contender', 'share'], [hits]).map(({ row, spread }) => {
      const series = row.text('contender');
      return {
        ...{ measure: row.text('trace'), series, isOwn: series === 'hotshard' },
        ...{ x: 100 * row.number('share'), spread },
      };
    }),
  });
}
