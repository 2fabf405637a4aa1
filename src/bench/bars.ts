/** Bars of several measures side by side, one small chart for each, with minimum and maximum. */
import type { TopLevelSpec } from 'vega-lite';
import type { Spread } from './spread.js';
import { COLORS, CONFIG, facetBy, frame, GREY } from './svg.js';

export interface Bar {
  readonly measure: string;
  readonly label: string;
  readonly spread: Spread;
  /** Whether it is hotshard's. */
  readonly isOwn: boolean;
}

export interface Bars {
  readonly title: string;
  readonly subtitle: string;
  /** Measures and labels come in the order in which they are met first. */
  readonly bars: readonly Bar[];
}

const BAR_HEIGHT = 26;

export function barChart({ title, subtitle, bars }: Bars): TopLevelSpec {
  const labels = [...new Set(bars.map(({ label }) => label))];
  const values = bars.map(({ measure, label, spread, isOwn }) => ({
    ...{ measure, label, isOwn, low: spread.min, high: spread.max },
    median: spread.median,
    text: spread.median.toLocaleString('en-US', { maximumSignificantDigits: 3 }),
  }));
  const axis = { title: null, labelLimit: 300, labelFontSize: 12 };
  return {
    ...frame(title, subtitle),
    data: { values },
    facet: facetBy(
      'measure',
      bars.map(({ measure }) => measure),
    ),
    columns: 2,
    spacing: 24,
    spec: {
      width: 330,
      height: labels.length * BAR_HEIGHT,
      encoding: { y: { field: 'label', type: 'nominal', sort: labels, axis } },
      layer: [
        {
          mark: { type: 'bar', height: { band: 0.6 } },
          encoding: {
            x: { field: 'median', type: 'quantitative', axis: { title: null, format: '~s', tickCount: 5 } },
            color: { condition: { test: 'datum.isOwn', value: COLORS[0] }, value: GREY },
          },
        },
        {
          mark: { type: 'rule', strokeWidth: 1.5 },
          encoding: { x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'text', align: 'left', dx: 4, color: 'black', fontSize: 11 },
          encoding: { x: { datum: 0 }, text: { field: 'text' } },
        },
      ],
    },
    resolve: { scale: { x: 'independent' } },
    config: CONFIG,
  };
}
