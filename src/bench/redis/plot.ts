/** Charts of the sections of `bench:redis`, as SVG. */
import type { TopLevelSpec } from 'vega-lite';
import { barChart } from '../bars.js';
import { COLORS, CONFIG, drawSvg, facetBy, frame, GREY, LEGEND } from '../svg.js';
import { countText } from '../text-table.js';
import type { CompareResult, Comparison } from './compare.js';
import { CONTENDERS } from './contenders.js';
import type { OutageResult } from './outage.js';
import type { Results } from './results.js';
import type { StalenessResult } from './staleness.js';

/** By the name of the file. */
export async function plots({ compare, staleness, outage }: Results): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  if (compare !== undefined) files.set('redis-compare.svg', await drawSvg(compareChart(compare)));
  if (staleness !== undefined) files.set('redis-staleness.svg', await drawSvg(stalenessChart(staleness)));
  if (outage !== undefined) files.set('redis-outage.svg', await drawSvg(outageChart(outage)));
  return files;
}

const MEASURES = [
  ['requests per second', ({ rate }: CompareResult) => rate],
  ['CPU of the server per request, µs', ({ cpu }: CompareResult) => cpu],
  ['latency, median, µs', ({ p50 }: CompareResult) => p50],
  ['latency, 99th percentile, µs', ({ p99 }: CompareResult) => p99],
] as const;

function compareChart({ connections, keys, seconds, results }: Comparison): TopLevelSpec {
  return barChart({
    title: 'In front of Redis: hotshard and others',
    subtitle: `${connections} connections, ${countText(keys)} keys, one thread each, rounds of ${seconds} s in turn; medians, with minimum and maximum.`,
    bars: MEASURES.flatMap(([measure, spreadOf]) =>
      results
        .map((result) => ({
          measure,
          label: `${result.mix}: ${result.contender}`,
          spread: spreadOf(result),
          isOwn: CONTENDERS[result.contender].hasStats,
        }))
        .filter(({ spread }) => Number.isFinite(spread.median)),
    ),
  });
}

/** Milliseconds: what is less is drawn as this. A logarithm needs more than 0. */
const LEAST_STALENESS = 0.01;

function stalenessChart({ writes, workers, readers, connections, curve }: StalenessResult): TopLevelSpec {
  const received = 'old value received';
  const asked = 'old value asked for';
  const at = (time: number) => Math.max(time, LEAST_STALENESS);
  return {
    ...frame(
      'How long old values are served after a foreign write',
      `${countText(writes)} writes to Redis by another; ${workers} workers, ${readers} readers, a load of ${connections} connections besides.`,
    ),
    data: {
      values: curve.flatMap((point) => [
        { percent: point.percent, time: at(point.received), last: received },
        { percent: point.percent, time: at(point.asked), last: asked },
      ]),
    },
    width: 640,
    height: 320,
    mark: { type: 'line', strokeWidth: 2, interpolate: 'step-before' },
    encoding: {
      x: {
        field: 'time',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: 'ms from the reply to the write to the last old value (log scale; 0.01 = none)' },
      },
      y: { field: 'percent', type: 'quantitative', axis: { title: '% of writes' }, sort: null },
      order: { field: 'percent', type: 'quantitative' },
      color: colorOf('last', { [received]: COLORS[0], [asked]: COLORS[1] }),
    },
    config: CONFIG,
  };
}

const OUTCOMES = [
  ['reads', 'value', 'found', COLORS[3]],
  ['reads', '404', 'absent', GREY],
  ['reads', '503', 'refusedReads', COLORS[0]],
  ['writes', 'acknowledged', 'acknowledged', COLORS[1]],
  ['writes', '503', 'refusedWrites', COLORS[0]],
] as const;

function outageChart(result: OutageResult): TopLevelSpec {
  const { connections, keys, step, timeline, killed, restarted } = result;
  const values = timeline.flatMap((counts, i) => [
    ...OUTCOMES.map(([operation, outcome, name]) => ({
      ...{ operation, outcome, time: (i * step) / 1000 },
      rate: (counts[name] * 1000) / step,
    })),
    ...(['reads', 'writes'] as const).map((operation) => ({
      ...{ operation, outcome: 'other errors', time: (i * step) / 1000 },
      rate: (counts.errors * 1000) / step,
    })),
  ]);
  const colors = Object.fromEntries(OUTCOMES.map(([, outcome, , color]) => [outcome, color]));
  const marks = [
    { time: killed / 1000, text: 'Redis killed' },
    { time: restarted / 1000, text: 'restarted, empty' },
  ];
  const x = { field: 'time', type: 'quantitative', axis: { title: 's' } } as const;
  return {
    ...frame(
      'Through an outage of Redis',
      `${connections} connections, 80/20 over ${countText(keys)} keys, one worker; answers per second in steps of ${step} ms.`,
    ),
    data: { values },
    facet: facetBy('operation', ['reads', 'writes']),
    columns: 1,
    spacing: 20,
    spec: {
      width: 720,
      height: 180,
      layer: [
        {
          mark: { type: 'line', strokeWidth: 1.5, interpolate: 'step-after' },
          encoding: {
            x,
            y: { field: 'rate', type: 'quantitative', axis: { title: 'answers per second' } },
            color: colorOf('outcome', { ...colors, 'other errors': 'black' }),
          },
        },
        { data: { values: marks }, mark: { type: 'rule', strokeDash: [4, 3] }, encoding: { x } },
        {
          data: { values: marks },
          mark: { type: 'text', align: 'left', dx: 4, dy: -4, fontSize: 11 },
          encoding: { x, y: { value: 0 }, text: { field: 'text' } },
        },
      ],
    },
    resolve: { scale: { y: 'independent' } },
    config: CONFIG,
  };
}

function colorOf(field: string, colors: Readonly<Record<string, string>>) {
  return {
    field,
    type: 'nominal' as const,
    scale: { domain: Object.keys(colors), range: Object.values(colors) },
    legend: LEGEND,
  };
}
