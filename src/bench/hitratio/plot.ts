/** Curves of hit ratio against the size of the cache, one small chart for each trace, as SVG. */
import type { TopLevelSpec } from 'vega-lite';
import { CONFIG, drawSvg } from '../svg.js';
import { CONTENDER_NAMES, type ContenderName, type Mode } from './measure.js';
import { percentOf } from './report.js';
import type { Measured } from './thread.js';

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
  entries: 'cache size (% of keys)',
  memory: 'cache size (% of bytes)',
  used: 'memory of hotshard (% of bytes)',
};

/** Okabe and Ito's colours, which colour-blind people can tell apart, and dashes as a second mark. */
const STYLES: Readonly<Record<ContenderName, { readonly color: string; readonly dash: readonly number[] }>> =
  {
    FIFO: { color: '#999999', dash: [1, 2] },
    LRU: { color: '#0072B2', dash: [1, 0] },
    CLOCK: { color: '#56B4E9', dash: [5, 2] },
    SIEVE: { color: '#CC79A7', dash: [1, 0] },
    'S3-FIFO': { color: '#E69F00', dash: [1, 0] },
    'W-TinyLFU': { color: '#009E73', dash: [5, 2] },
    optimum: { color: '#000000', dash: [2, 2] },
    hotshard: { color: '#D55E00', dash: [1, 0] },
  };

const COLUMNS = 4;

/** As vega-lite has it for the layers of a chart; it does not export that type by name. */
type Encoding = NonNullable<Extract<TopLevelSpec, { layer: unknown }>['encoding']>;

export async function plot(mode: Mode, measured: readonly Measured[]): Promise<string> {
  return drawSvg(specification(mode, measured));
}

function specification(mode: Mode, measured: readonly Measured[]): TopLevelSpec {
  const values = measured.flatMap(({ results }) =>
    results
      .filter((result) => result.mode === mode)
      .map((result) => ({
        trace: result.trace,
        contender: result.contender,
        size: 100 * result.share,
        hits: Number(percentOf(result).toFixed(2)),
      })),
  );
  const names = CONTENDER_NAMES.filter((name) => values.some(({ contender }) => contender === name));
  const sizes = [...new Set(values.map(({ size }) => size))].sort((a, b) => a - b);
  const encoding: Encoding = {
    x: {
      field: 'size',
      type: 'quantitative',
      scale: { type: 'log', domain: [sizes[0] ?? 1, sizes.at(-1) ?? 100], nice: false },
      axis: { title: AXES[mode], values: sizes, format: '~r', labelOverlap: true, labelFlush: false },
    },
    y: {
      field: 'hits',
      type: 'quantitative',
      scale: { zero: false },
      axis: { title: 'hits (%)', tickCount: 5 },
    },
    color: {
      field: 'contender',
      type: 'nominal',
      scale: { domain: names, range: names.map((name) => STYLES[name].color) },
      legend: { title: null, orient: 'top', symbolType: 'stroke', symbolStrokeWidth: 3, labelFontSize: 13 },
    },
    strokeDash: {
      field: 'contender',
      type: 'nominal',
      scale: { domain: names, range: names.map((name) => [...STYLES[name].dash]) },
    },
  };
  const line = { type: 'line', strokeWidth: 1.5 } as const;
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: {
      text: TITLES[mode],
      subtitle: SUBTITLES[mode],
      anchor: 'start',
      fontSize: 18,
      subtitleFontSize: 13,
    },
    background: 'white',
    padding: 12,
    data: { values },
    facet: {
      field: 'trace',
      type: 'nominal',
      sort: measured.map(({ source }) => source.name),
      header: { title: null, labelFontSize: 13, labelFontWeight: 'bold' },
    },
    columns: COLUMNS,
    spacing: 24,
    spec: {
      width: 230,
      height: 180,
      encoding,
      // hotshard is broad and comes first: who is hidden behind whom stays visible.
      layer: [
        {
          transform: [{ filter: "datum.contender === 'hotshard'" }],
          mark: { ...line, strokeWidth: 4, point: { size: 40, filled: true } },
        },
        { transform: [{ filter: "datum.contender !== 'hotshard'" }], mark: line },
      ],
    },
    resolve: { scale: { y: 'independent' }, axis: { x: 'independent' } },
    config: CONFIG,
  };
}
