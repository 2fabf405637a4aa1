/** Bars of several measures side by side, one small chart for each, with minimum and maximum: for comparisons. */
import type { TopLevelSpec } from 'vega-lite';
import type { Spread } from './spread.js';
import { type Chart, panelTitle, textWidth } from './svg.js';
import { COLORS } from './theme.js';

export interface Bar {
  readonly measure: string;
  readonly label: string;
  readonly spread: Spread;
  /** Whether it is hotshard's. */
  readonly isOwn: boolean;
  /** Beside the bar; without it, the median. */
  readonly text?: string;
}

export interface Bars {
  readonly title: string;
  readonly subtitle: string;
  /** Measures, and labels, come in the order in which they are met first. Not empty. */
  readonly bars: readonly Bar[];
  /** All measures are of one unit, with one axis: what is beyond this is cut off. Without it, nothing is. */
  readonly most?: number;
}

const COLUMNS = 2;
const WIDTH = 290;
const BAR_HEIGHT = 28;
const FONT_SIZE = 11;
const AXIS = { title: null, format: ',~r', grid: true, domain: false, ticks: false } as const;

/** @throws {Error} when there are no bars */
export function barChart({ title, subtitle, bars, most = Number.POSITIVE_INFINITY }: Bars): Chart {
  if (bars.length === 0) throw new Error(`"${title}": there is nothing to draw`);
  const labels = [...new Set(bars.map(({ label }) => label))];
  const measures = [...new Set(bars.map(({ measure }) => measure))];
  return {
    title,
    subtitle,
    legend: [],
    plot: {
      columns: COLUMNS,
      spacing: { row: 26, column: 22 },
      concat: measures.map((measure, i) =>
        panelOf(
          measure,
          bars.filter((bar) => bar.measure === measure),
          { labels, hasLabels: i % COLUMNS === 0, most, bars },
        ),
      ),
    },
  };
}

interface Panel extends Pick<Bars, 'bars'> {
  readonly labels: readonly string[];
  readonly hasLabels: boolean;
  readonly most: number;
}

function panelOf(measure: string, own: readonly Bar[], { bars, labels, hasLabels, most }: Panel) {
  const values = own.map((bar) => ({
    ...{ label: bar.label, isOwn: bar.isOwn, text: textOf(bar), low: Math.min(bar.spread.min, most) },
    ...{ median: Math.min(bar.spread.median, most), high: Math.min(bar.spread.max, most) },
  }));
  const alike = Number.isFinite(most) ? bars : own;
  const longest = Math.min(most, Math.max(...alike.map(({ spread }) => spread.max))) || 1;
  const room = Math.max(...alike.map((bar) => textWidth(textOf(bar), FONT_SIZE))) + 10;
  const x = { field: 'median', type: 'quantitative' } as const;
  return {
    data: { values },
    width: WIDTH,
    height: labels.length * BAR_HEIGHT,
    layer: [
      panelTitle(measure),
      {
        encoding: {
          y: {
            field: 'label',
            type: 'nominal',
            scale: { domain: [...labels] },
            axis: hasLabels
              ? { title: null, labelLimit: 300, labelFontSize: 12, labelColor: COLORS.text, grid: false }
              : null,
          },
        },
        layer: [
          {
            mark: { type: 'bar', height: { band: 0.62 } },
            encoding: {
              x: {
                ...x,
                scale: { domain: [0, (longest * WIDTH) / (WIDTH - room)], nice: false },
                axis: { ...AXIS, values: ticksUpTo(longest) },
              },
              color: { condition: { test: 'datum.isOwn', value: COLORS.ownBar }, value: COLORS.otherBar },
            },
          },
          {
            mark: { type: 'rule', strokeWidth: 1.5, color: COLORS.ink },
            encoding: { x: { ...x, field: 'low' }, x2: { field: 'high' } },
          },
          {
            mark: { type: 'text', align: 'left', dx: 6, color: COLORS.text, fontSize: FONT_SIZE },
            encoding: { x: { ...x, field: 'high' }, text: { field: 'text' } },
          },
        ],
      },
    ],
  } as const satisfies TopLevelSpec;
}

function textOf({ text, spread }: Bar): string {
  return text ?? spread.median.toLocaleString('en-US', { maximumSignificantDigits: 3 });
}

/** At most six; none where only the bars' texts are. */
function ticksUpTo(most: number): number[] {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  const step = ([1, 2, 5].find((factor) => factor * power >= most / 5) ?? 10) * power;
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, i) => i * step);
}
