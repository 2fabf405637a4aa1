/** Charts of sections "sizes", "keys" and "threads", as SVG. */
import type { TopLevelSpec } from 'vega-lite';
import { spreadOf } from '../spread.js';
import { COLORS, CONFIG, drawSvg, facetBy, frame, LEGEND } from '../svg.js';
import { countText } from '../text-table.js';
import type { KeysResult } from './keys.js';
import type { Results } from './results.js';
import type { SizesResult } from './sizes.js';
import type { ThreadsResult } from './threads.js';

/** Of the axis of ratios: what was measured while others had the machine is cut off. */
const MOST_RATIO = 2.5;

/** By the name of the file. */
export async function plots({ sizes, keys, threads }: Results): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  if (sizes !== undefined) files.set('map-sizes.svg', await drawSvg(sizesChart(sizes)));
  if (keys !== undefined) files.set('map-keys.svg', await drawSvg(keysChart(keys)));
  if (threads !== undefined) files.set('map-threads.svg', await drawSvg(threadsChart(threads)));
  return files;
}

function sizesChart({ keys, results }: SizesResult): TopLevelSpec {
  return curves({
    title: 'Time per operation by length of the value',
    subtitle: `One thread, ${countText(keys)} keys; medians, with minimum and maximum. All copy values in and out.`,
    x: 'length of the value (log scale)',
    labels: "datum.value < 1024 ? datum.value + ' B' : datum.value / 1024 + ' KiB'",
    y: 'ns per operation (log scale)',
    points: results.map(({ operation, contender, valueSize, wall }) => ({
      ...{ operation, contender, x: valueSize },
      ...{ y: wall.median, low: wall.min, high: wall.max },
    })),
  });
}

function keysChart({ valueSize, results }: KeysResult): TopLevelSpec {
  return curves({
    title: 'Time per operation by number of keys',
    subtitle: `One thread, UUID keys, ${valueSize}-byte values; medians, with minimum and maximum.`,
    x: 'keys (log scale)',
    labels: "format(datum.value, ',')",
    y: 'ns per operation (log scale)',
    points: results.map(({ operation, contender, keys, wall }) => ({
      ...{ operation, contender, x: keys },
      ...{ y: wall.median, low: wall.min, high: wall.max },
    })),
  });
}

interface Curves {
  readonly title: string;
  readonly subtitle: string;
  readonly x: string;
  /** An expression of vega's for the numbers at that axis. */
  readonly labels: string;
  readonly y: string;
  readonly points: {
    readonly operation: string;
    readonly contender: string;
    readonly x: number;
    readonly y: number;
    readonly low: number;
    readonly high: number;
  }[];
}

/** A small chart for each operation, a curve for each contender. */
function curves({ title, subtitle, x, labels, y, points }: Curves): TopLevelSpec {
  const names = [...new Set(points.map(({ contender }) => contender))].sort(ownFirst);
  const stops = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  return {
    ...frame(title, subtitle),
    data: { values: points },
    facet: facetBy(
      'operation',
      points.map(({ operation }) => operation),
    ),
    columns: 3,
    spacing: 24,
    spec: {
      width: 300,
      height: 240,
      encoding: {
        x: {
          field: 'x',
          type: 'quantitative',
          scale: { type: 'log', domain: [stops[0] ?? 1, stops.at(-1) ?? 1], nice: false },
          axis: { title: x, values: stops, labelExpr: labels, labelFlush: false },
        },
        color: {
          field: 'contender',
          type: 'nominal',
          scale: { domain: names, range: COLORS },
          legend: LEGEND,
        },
      },
      layer: [
        {
          mark: { type: 'line', strokeWidth: 2, point: { size: 35, filled: true } },
          encoding: { y: { field: 'y', type: 'quantitative', scale: { type: 'log' }, axis: { title: y } } },
        },
        {
          mark: { type: 'rule', strokeWidth: 1 },
          encoding: { y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
        },
      ],
    },
    config: CONFIG,
  };
}

function ownFirst(a: string, b: string): number {
  return Number(b.startsWith('hotshard')) - Number(a.startsWith('hotshard'));
}

/** Bars of what two threads do by what one does, with minimum and maximum. */
function threadsChart({ keys, milliseconds, results }: ThreadsResult): TopLevelSpec {
  const rate = (rounds: ThreadsResult['results'][number]['one']) =>
    spreadOf(rounds.map((round) => round.rate)).median.toFixed(1);
  const values = results.map(({ mix, contender, one, two, ratio }) => ({
    ...{ mix: mix === 'get' ? 'get only' : '80 % get, 20 % set', contender },
    ...{ ratio: ratio.median, low: ratio.min, high: ratio.max },
    label: `${rate(one)} to ${rate(two)} M/s`,
    own: contender === 'hotshard' || contender === 'hotshard, getInto',
  }));
  const names = [...new Set(values.map(({ contender }) => contender))];
  const y = {
    field: 'contender',
    type: 'nominal',
    sort: names,
    axis: { title: null, labelLimit: 300, labelFontSize: 12 },
  } as const;
  return {
    ...frame(
      'Operations per second of two threads, as a multiple of one thread',
      `${countText(keys)} keys, rounds of ${milliseconds} ms in turn; medians, with minimum and maximum. The first two share nothing.`,
    ),
    data: { values },
    facet: facetBy(
      'mix',
      values.map(({ mix }) => mix),
    ),
    columns: 2,
    spacing: 24,
    spec: {
      width: 330,
      height: 240,
      encoding: { y },
      layer: [
        {
          mark: { type: 'bar', height: { band: 0.6 } },
          encoding: {
            x: {
              field: 'ratio',
              type: 'quantitative',
              scale: { domain: [0, MOST_RATIO], clamp: true },
              axis: { title: '2 threads : 1 thread' },
            },
            color: { condition: { test: 'datum.own', value: '#D55E00' }, value: '#999999' },
          },
        },
        {
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 4, color: 'black', fontSize: 11 },
          encoding: { x: { datum: 0 }, text: { field: 'label' } },
        },
      ],
    },
    config: CONFIG,
  };
}
