/** The chart of the section "staleness": how many writes had no old value any more after how long. */
import type { CsvRow } from '../csv-table.js';
import { type Chart, colorBy, dashBy } from '../svg.js';
import { countText } from '../text-table.js';
import { COLORS } from '../theme.js';

/** Milliseconds: what is less is drawn as this. A logarithm needs more than 0. */
const LEAST = 0.01;
/** Of the curve: the last percent is what matters, so it is finer. */
const PERCENTS = Array.from({ length: 121 }, (_, i) => (i < 100 ? i : 99 + (i - 100) / 20));

const CURVES = [
  { label: 'old value received', column: 'received_ms', color: COLORS.own, dash: [], width: 2.5 },
  { label: 'old value asked for', column: 'asked_ms', color: COLORS.blue, dash: [6, 3], width: 2.5 },
] as const;

export function stalenessChart(rows: readonly CsvRow[]): Chart {
  const [first] = rows;
  const values = CURVES.flatMap(({ label, column }) => {
    const sorted = rows.map((row) => row.number(column)).sort((a, b) => a - b);
    return PERCENTS.map((percent) => ({
      ...{ label, percent },
      time: Math.max(LEAST, sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]),
    }));
  });
  return {
    title: 'How long old values are served after a foreign write',
    subtitle: `${countText(rows.length)} writes to Redis by another; ${first.number('workers')} workers, ${first.number('readers')} readers, a load of ${first.number('connections')} connections besides.`,
    legend: CURVES,
    plot: {
      data: { values },
      width: 720,
      height: 300,
      mark: { type: 'line', strokeWidth: 2.5, interpolate: 'step-before' },
      encoding: {
        x: {
          field: 'time',
          type: 'quantitative',
          scale: { type: 'log', nice: false },
          axis: {
            title: 'ms from the reply to the write to the last old value (log)',
            values: [0.01, 0.1, 1, 10, 100, 1_000],
            labelExpr: `datum.value <= ${LEAST} ? 'none' : format(datum.value, ',~r')`,
            grid: true,
          },
        },
        y: { field: 'percent', type: 'quantitative', axis: { title: 'writes, %' } },
        order: { field: 'percent', type: 'quantitative' },
        color: colorBy('label', CURVES),
        strokeDash: dashBy('label', CURVES),
      },
    },
  };
}
