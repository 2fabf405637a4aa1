/**
 * Curves of medians over something that grows, with a band from the lowest round to the highest: for sweeps. One small
 * chart for each measure, or for each case; a colour and a dash for each series, hotshard's broad.
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Spread } from './spread.js';
import { type Chart, colorBy, dashBy, type LegendEntry, panelTitle } from './svg.js';
import { COLORS } from './theme.js';

export interface CurvePoint {
  /** The small chart it is in, which has this as its title. */
  readonly measure: string;
  readonly series: string;
  /** Whether the series is hotshard's, or the one that the chart is about. */
  readonly isOwn: boolean;
  readonly x: number;
  readonly spread: Spread;
}

export interface Style {
  readonly color: string;
  readonly dash: readonly number[];
}

export interface Curves {
  readonly title: string;
  readonly subtitle: string;
  readonly x: {
    /** With the unit: `requests per second`. That a scale is logarithmic is added. */
    readonly title: string;
    /** Logarithmic: every x must be above 0. */
    readonly scale: 'linear' | 'log';
    /** Without it, to the highest x, from 0 or, if logarithmic, from the lowest. */
    readonly domain?: readonly [number, number];
    /** Numbers are sizes: 64 B, 16 KiB, 1 MiB. */
    readonly isBytes?: boolean;
  };
  readonly y: {
    /** With the unit; absent where measures are of different ones, which their titles say. */
    readonly title?: string;
    /** `close`: linear, and not from 0 on. Logarithmic: what is not above 0 is left out. */
    readonly scale: 'linear' | 'close' | 'log';
    /** All small charts have the same numbers there. */
    readonly isShared?: boolean;
  };
  /** Measures, and series, come in the order in which they are met first, hotshard's series before the others. Not empty. */
  readonly points: readonly CurvePoint[];
  /** Small charts side by side; without it, 2. */
  readonly columns?: 1 | 2 | 3 | 4;
  /** By series; without it, each gets one. */
  readonly styles?: Readonly<Record<string, Style>>;
}

/** Of a small chart, by how many are side by side: all charts are about as wide as a README. */
const SIZES = { 1: [720, 300], 2: [340, 210], 3: [240, 220], 4: [168, 130] } as const;
const OWN_WIDTH = 3;
const OTHER_WIDTH = 1.75;
/** More stops than these have no dots on their curves. */
const MOST_DOTS = 12;

const OWN_STYLES: readonly Style[] = [
  { color: COLORS.own, dash: [] },
  { color: COLORS.amber, dash: [7, 3] },
  { color: COLORS.purple, dash: [2, 2] },
];
const OTHER_STYLES: readonly Style[] = [
  { color: COLORS.blue, dash: [] },
  { color: COLORS.green, dash: [6, 2] },
  { color: COLORS.purple, dash: [2, 2] },
  { color: COLORS.amber, dash: [8, 2, 2, 2] },
  { color: COLORS.sky, dash: [4, 4] },
  { color: COLORS.grey, dash: [1, 2] },
];

interface Series extends LegendEntry {
  readonly isOwn: boolean;
}

/** @throws {Error} when there are no points */
export function curves({ title, subtitle, x, y, points, columns = 2, styles = {} }: Curves): Chart {
  const shown = y.scale === 'log' ? points.filter(({ spread }) => spread.min > 0) : points;
  if (shown.length === 0) throw new Error(`"${title}": there is nothing to draw`);
  const series = seriesOf(shown, styles);
  const stops = [...new Set(shown.map((point) => point.x))].sort((a, b) => a - b);
  const measures = [...new Set(shown.map(({ measure }) => measure))];
  return {
    title,
    subtitle,
    legend: series.length === 1 ? [] : series,
    plot: {
      columns,
      spacing: { row: 26, column: columns > 2 ? 18 : 26 },
      concat: measures.map((measure, i) => {
        const own = shown.filter((point) => point.measure === measure);
        const domain = y.isShared ? shown : own;
        return panelOf(measure, own, {
          ...{
            x,
            stops,
            columns,
            series,
            isFirst: i % columns === 0,
            isLast: i + columns >= measures.length,
          },
          y: { ...y, values: domain.flatMap(({ spread }) => [spread.min, spread.max]) },
        });
      }),
    },
  };
}

function seriesOf(points: readonly CurvePoint[], styles: Readonly<Record<string, Style>>): Series[] {
  const isOwn = new Map(points.map((point) => [point.series, point.isOwn]));
  const next = { own: 0, other: 0 };
  return [...isOwn]
    .sort(([, a], [, b]) => Number(b) - Number(a))
    .map(([label, own]) => {
      const list = own ? OWN_STYLES : OTHER_STYLES;
      const style = styles[label] ?? list[next[own ? 'own' : 'other']++ % list.length];
      return { label, isOwn: own, width: own ? OWN_WIDTH : OTHER_WIDTH, ...style };
    });
}

interface Panel {
  readonly x: Curves['x'];
  readonly y: Curves['y'] & { readonly values: readonly number[] };
  /** Every x of the whole chart, from the lowest on. */
  readonly stops: readonly number[];
  readonly columns: 1 | 2 | 3 | 4;
  readonly series: readonly Series[];
  /** At the left edge. */
  readonly isFirst: boolean;
  /** With none below. */
  readonly isLast: boolean;
}

function panelOf(measure: string, points: readonly CurvePoint[], panel: Panel) {
  const { stops, columns, series } = panel;
  const [width, height] = SIZES[columns];
  // What is broad is below what is thin: curves are drawn in the order in which they come.
  const order = new Map(series.map(({ label }, i) => [label, i]));
  const values = points
    .map((point) => ({ ...point, ...point.spread, order: order.get(point.series) ?? 0 }))
    .sort((a, b) => a.order - b.order || a.x - b.x);
  const isSpread = values.some(({ min, max }) => min < max);
  const hasDots = stops.length <= MOST_DOTS && columns < 4;
  const dot = { type: 'circle', size: 22, opacity: 1 } as const;
  const band = { type: 'area', opacity: 0.18 } as const;
  const vertical = { type: 'quantitative', ...yAxis(panel) } as const;
  return {
    data: { values },
    width,
    height,
    layer: [
      panelTitle(measure),
      {
        encoding: {
          x: { field: 'x', type: 'quantitative', ...xAxis(panel) },
          color: colorBy('series', series),
        },
        layer: [
          ...(isSpread
            ? [{ mark: band, encoding: { y: { ...vertical, field: 'min' }, y2: { field: 'max' } } }]
            : []),
          {
            mark: { type: 'line', strokeCap: 'round', strokeJoin: 'round' },
            encoding: {
              y: { ...vertical, field: 'median' },
              strokeDash: dashBy('series', series),
              strokeWidth: { condition: { test: 'datum.isOwn', value: OWN_WIDTH }, value: OTHER_WIDTH },
            },
          },
          ...(hasDots ? [{ mark: dot, encoding: { y: { ...vertical, field: 'median' } } }] : []),
        ],
      },
    ],
  } as const satisfies TopLevelSpec;
}

const BYTE_LABELS =
  "datum.value < 1024 ? datum.value + ' B' : datum.value < 1048576 ? datum.value / 1024 + ' KiB' : datum.value / 1048576 + ' MiB'";

function xAxis({ x: { title, scale, domain, isBytes = false }, stops, columns, isLast }: Panel) {
  const [low, high] = domain ?? [scale === 'log' ? stops[0] : 0, stops.at(-1) ?? stops[0]];
  const ends = low < high ? [low, high] : [low / 2, low * 2 || 1];
  return {
    scale: { type: scale, domain: ends, nice: false, ...(scale === 'log' ? {} : { zero: false }) },
    axis: {
      title: isLast ? titleOf(title, scale) : null,
      ...(scale === 'log' ? { values: [...stops] } : { tickCount: columns > 2 ? 4 : 6 }),
      ...(isBytes ? { labelExpr: BYTE_LABELS } : { format: ',~r' }),
    },
  } as const;
}

function yAxis({ y: { title, scale, values, isShared = false }, columns, isFirst }: Panel) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const axis = {
    title: title === undefined || !isFirst ? null : titleOf(title, scale),
    ...{ format: ',~r', labels: isFirst || !isShared },
  } as const;
  if (scale === 'log') {
    const [domain, ticks] = logTicks(low, high);
    return { scale: { type: 'log', domain, nice: false }, axis: { ...axis, values: ticks } } as const;
  }
  const isClose = scale === 'close' && low < high;
  const domain = isClose
    ? { zero: false, domain: [low, high], nice: true }
    : { domain: [0, high || 1], nice: 5 };
  return { scale: domain, axis: { ...axis, tickCount: columns === 4 ? 3 : 5 } } as const;
}

function titleOf(title: string, scale: string): string {
  return scale === 'log' ? `${title} (log)` : title;
}

/** A scale from just below to just above. Numbers are at 1, 2, 5, 10 …, where that would be too many at 1, 10, 100 … */
function logTicks(low: number, high: number): readonly [domain: number[], ticks: number[]] {
  const first = Math.floor(Math.log10(low));
  const decades = Array.from(
    { length: Math.ceil(Math.log10(high)) - first + 1 },
    (_, i) => 10 ** (first + i),
  );
  const by = (factors: readonly number[]) =>
    decades.flatMap((decade) => factors.map((factor) => factor * decade));
  const ends = by([1, 1.5, 2, 3, 5, 7]);
  const from = ends.findLast((end) => end <= low) ?? low;
  const to = ends.find((end) => end >= high && end > from) ?? high;
  const ticks = by(decades.length > 4 ? [1] : [1, 2, 5]);
  return [[from, to], ticks.filter((tick) => tick >= from && tick <= to)];
}
