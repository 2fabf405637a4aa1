/** The chart of the section "outage": answers per second, step by step, while Redis is killed and started again. */
import type { CsvRow } from '../csv-table.js';
import { type Chart, colorBy, panelTitle } from '../svg.js';
import { countText } from '../text-table.js';
import { COLORS } from '../theme.js';

const OUTCOMES = [
  { label: 'value', color: COLORS.green },
  { label: 'acknowledged', color: COLORS.blue },
  { label: '404, nobody wrote it again yet', color: COLORS.grey },
  { label: '503, refused', color: COLORS.own },
  { label: 'other errors', color: COLORS.ink },
] as const;
type Outcome = (typeof OUTCOMES)[number]['label'];

const TIME = { field: 'time', type: 'quantitative' } as const;
const RATE = {
  field: 'rate',
  type: 'quantitative',
  axis: { title: 'answers per second', format: ',~r', tickCount: 5 },
} as const;

const COLUMNS: readonly (readonly ['reads' | 'writes', Outcome, string])[] = [
  ['reads', 'value', 'reads_found'],
  ['reads', '404, nobody wrote it again yet', 'reads_absent'],
  ['reads', '503, refused', 'reads_refused'],
  ['reads', 'other errors', 'errors'],
  ['writes', 'acknowledged', 'writes_acknowledged'],
  ['writes', '503, refused', 'writes_refused'],
  ['writes', 'other errors', 'errors'],
];

export function outageChart(rows: readonly CsvRow[]): Chart {
  const [first] = rows;
  const step = first.number('step_ms');
  const events = [
    { time: first.number('killed_ms') / 1000, text: 'Redis killed' },
    { time: first.number('restarted_ms') / 1000, text: 'restarted, empty' },
  ];
  const panels = (['reads', 'writes'] as const).map((operation) => ({
    operation,
    values: COLUMNS.filter(([of]) => of === operation).flatMap(([, outcome, column]) =>
      ratesOf(rows, column, step).map((point) => ({ outcome, ...point })),
    ),
  }));
  const seen = new Set(panels.flatMap(({ values }) => values.map(({ outcome }) => outcome)));
  const shown = OUTCOMES.filter(({ label }) => seen.has(label));
  const color = colorBy('outcome', shown);
  const errors = rows.reduce((sum, row) => sum + row.number('errors'), 0);
  return {
    title: 'Through an outage of Redis',
    subtitle: [
      `${first.number('connections')} connections, 80/20 over ${countText(first.number('keys'))} keys, one worker; `,
      `answers per second in steps of ${step} ms. ${errors === 0 ? 'No' : countText(errors)} other errors.`,
    ].join(''),
    legend: shown.map((outcome) => ({ ...outcome, dash: [], width: 2.5 })),
    plot: {
      columns: 1,
      spacing: 22,
      concat: panels.map(({ operation, values }, i) => {
        const isLast = i === panels.length - 1;
        const x = { ...TIME, axis: { title: isLast ? 'seconds' : null, tickCount: 10 } };
        return {
          width: 720,
          height: 170,
          layer: [
            panelTitle(operation),
            {
              data: { values },
              mark: { type: 'line', strokeWidth: 1.75, interpolate: 'step-after', strokeJoin: 'round' },
              encoding: { x, y: RATE, color },
            },
            {
              data: { values: events },
              mark: { type: 'rule', strokeDash: [4, 3], color: COLORS.quiet },
              encoding: { x },
            },
            {
              data: { values: events },
              mark: { type: 'text', align: 'left', dx: 5, dy: 6, fontSize: 11, color: COLORS.text },
              encoding: { x, y: { value: 0 }, text: { field: 'text' } },
            },
          ],
        };
      }),
    },
  };
}

/** Without the steps in which there was nothing, nor before or after: where there is no line, there was none. */
function ratesOf(rows: readonly CsvRow[], column: string, step: number) {
  const rates = rows.map((row) => (row.number(column) * 1000) / step);
  if (rates.every((rate) => rate === 0)) return [];
  return rows.map((row, i) => {
    const isSome = [rates[i - 1], rates[i], rates[i + 1]].some((rate) => rate > 0);
    return { time: row.number('from_ms') / 1000, rate: isSome ? rates[i] : null };
  });
}
