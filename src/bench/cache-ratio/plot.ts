/** How `bench:cache-ratio` draws what it measured: curves over the share of the keys that the cache holds. */
import type { TopLevelSpec } from 'vega-lite';
import type { Spread } from '../spread.js';
import { COLORS, CONFIG, drawSvg, facetBy, frame, LEGEND } from '../svg.js';
import { countText } from '../text-table.js';
import type { RatioResult, RatioResults } from './measure.js';

const MEASURES: readonly (readonly [string, (result: RatioResult) => Spread | undefined])[] = [
  ['requests per second', ({ rate }) => rate],
  ['hits, %', ({ hitRatio }) => hitRatio && scaled(hitRatio, 100)],
  ['CPU of the server per request, µs', ({ cpu }) => cpu],
  ['latency, 99th percentile, µs', ({ p99 }) => p99],
];

export async function drawRatios(measured: readonly RatioResults[]): Promise<string> {
  return drawSvg(specification(measured));
}

function specification(measured: readonly RatioResults[]): TopLevelSpec {
  const values = MEASURES.flatMap(([measure, spreadOf]) =>
    measured.flatMap(({ store, results }) =>
      results.flatMap((result) => {
        const spread = spreadOf(result);
        if (spread === undefined || !Number.isFinite(spread.median)) return [];
        const { median, min, max } = spread;
        return {
          measure,
          curve: `${store}, ${result.distribution}`,
          share: 100 * result.share,
          median,
          min,
          max,
        };
      }),
    ),
  );
  const [{ keys, connections }] = measured;
  return {
    ...frame(
      'Reads by the size of the cache',
      `${connections} connections, ${countText(keys)} keys, one worker; medians, with minimum and maximum.`,
    ),
    data: { values },
    facet: facetBy(
      'measure',
      MEASURES.map(([measure]) => measure),
    ),
    columns: 2,
    spacing: 24,
    spec: {
      width: 330,
      height: 220,
      encoding: {
        x: {
          field: 'share',
          type: 'quantitative',
          scale: { domain: [0, 100] },
          axis: { title: 'cache size (% of keys)' },
        },
        color: {
          field: 'curve',
          type: 'nominal',
          scale: { domain: [...new Set(values.map(({ curve }) => curve))], range: COLORS },
          legend: LEGEND,
        },
      },
      layer: [
        {
          mark: { type: 'line', strokeWidth: 2, point: { size: 35, filled: true } },
          encoding: { y: { field: 'median', type: 'quantitative', axis: { title: null, format: '~s' } } },
        },
        {
          mark: { type: 'rule', strokeWidth: 1 },
          encoding: { y: { field: 'min', type: 'quantitative' }, y2: { field: 'max' } },
        },
      ],
    },
    resolve: { scale: { y: 'independent' } },
    config: CONFIG,
  };
}

function scaled({ median, min, max }: Spread, factor: number): Spread {
  return { median: median * factor, min: min * factor, max: max * factor };
}
