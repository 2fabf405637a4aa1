/**
 * Draws the benchmarks' charts as SVG files that are small enough to be kept, fit a light and a dark background, and are
 * the same on every machine: what is between title, legend and caption comes from vega.
 */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { COLORS, darkStyle } from './theme.js';

export interface LegendEntry {
  readonly label: string;
  readonly color: string;
  /** Lengths of line and gap, in pixels; empty: a line without gaps. */
  readonly dash: readonly number[];
  /** Of the line, in pixels. */
  readonly width: number;
}

export interface Chart {
  readonly title: string;
  readonly subtitle: string;
  readonly legend: readonly LegendEntry[];
  /** Without title, legend and background. */
  readonly plot: TopLevelSpec;
}

/** What all charts look alike by. */
export const CONFIG = {
  aria: false,
  padding: 0,
  background: 'transparent',
  view: { stroke: null },
  axis: {
    ticks: false,
    domain: false,
    labelColor: COLORS.quiet,
    labelFontSize: 11,
    labelPadding: 6,
    titleColor: COLORS.quiet,
    titleFontSize: 11,
    titleFontWeight: 'normal',
    titlePadding: 8,
    gridColor: COLORS.grid,
    labelOverlap: 'greedy',
    labelFlush: false,
    labelSeparation: 1,
  },
  axisX: {
    grid: false,
    domain: true,
    domainColor: COLORS.axis,
    ticks: true,
    tickColor: COLORS.axis,
    tickSize: 4,
    labelPadding: 3,
  },
} as const satisfies TopLevelSpec['config'];

/** A layer: the title of a small chart. A title of vega's is higher or lower by what numbers the axis has. */
export function panelTitle(text: string) {
  const place = { x: 0, y: -12, align: 'left', baseline: 'bottom' } as const;
  return {
    data: { values: [{}] },
    mark: { type: 'text', text, ...place, color: COLORS.text, fontSize: 13, fontWeight: 600 },
  } as const;
}

/** A channel: a colour for each series, whose name is in that field. The legend is not vega's. */
export function colorBy(field: string, entries: readonly Pick<LegendEntry, 'label' | 'color'>[]) {
  return channel(
    field,
    entries,
    entries.map(({ color }) => color),
  );
}

/** The same with dashes. */
export function dashBy(field: string, entries: readonly Pick<LegendEntry, 'label' | 'dash'>[]) {
  return channel(
    field,
    entries,
    entries.map(({ dash }) => (dash.length === 0 ? [1, 0] : [...dash])),
  );
}

function channel<Value>(field: string, entries: readonly { readonly label: string }[], range: Value[]) {
  const scale = { domain: entries.map(({ label }) => label), range };
  return { field, type: 'nominal' as const, scale, legend: null };
}

const FONTS = 'system-ui,-apple-system,Segoe UI,Helvetica,Arial,sans-serif';
const PADDING = 16;
const TITLE = { size: 18, line: 24, weight: 600, color: COLORS.text };
const SUBTITLE = { size: 13, line: 19, color: COLORS.quiet };
const CAPTION = { size: 10.5, line: 15, color: COLORS.quiet };
const LEGEND = { size: 12.5, line: 22, color: COLORS.text };
const LEGEND_LINE = 24;
/** Bold letters are wider. */
const BOLDER = 1.12;
const GAP = 14;

/** About as wide as in the widest of the fonts that browsers have for these. In pixels, as the size. */
export function textWidth(text: string, fontSize: number): number {
  const narrow = text.match(/[ ijlft.,:;'()|]/g)?.length ?? 0;
  const wide = text.match(/[mw%@A-Z]/g)?.length ?? 0;
  return (0.35 * narrow + 0.76 * wide + 0.62 * (text.length - narrow - wide)) * fontSize;
}

// Without a canvas, vega takes more than is needed; with one, drawings would depend on the fonts of the machine.
const { textMetrics } = vega as unknown as {
  textMetrics: { width: (item: { fontSize?: number }, text: unknown) => number };
};
textMetrics.width = ({ fontSize = 11 }, text) => textWidth(String(text ?? ''), fontSize);

/** @param caption in small type below: where the figures come from */
export async function drawSvg({ title, subtitle, legend, plot }: Chart, caption: string): Promise<string> {
  const { inner, width, height } = await drawPlot(plot);
  const below = new Column(width);
  below.text(title, TITLE);
  below.text(subtitle, SUBTITLE);
  if (legend.length > 0) below.legend(legend);
  below.y += GAP;
  below.parts.push(`<g transform="translate(${PADDING},${below.y})">${inner}</g>`);
  below.y += height + GAP;
  below.text(caption, CAPTION);
  const [fullWidth, fullHeight] = [width + 2 * PADDING, Math.ceil(below.y + PADDING)];
  const drawing = [
    `<rect width="${fullWidth}" height="${fullHeight}" fill="${COLORS.background}"/>`,
    ...below.parts,
  ].join('\n');
  const root = `<svg xmlns="http://www.w3.org/2000/svg" width="${fullWidth}" height="${fullHeight}" viewBox="0 0 ${fullWidth} ${fullHeight}" font-family="${FONTS}">`;
  return `${root}\n<title>${escaped(title)}</title>\n${darkStyle(drawing)}\n${drawing}\n</svg>\n`;
}

async function drawPlot(plot: TopLevelSpec): Promise<{ inner: string; width: number; height: number }> {
  const { spec } = compile({ ...plot, config: CONFIG });
  const view = new vega.View(vega.parse(spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  const [, width, height, inner] = /^<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>(.*)<\/svg>$/s.exec(
    svg,
  ) ?? [undefined, '0', '0', ''];
  return { inner: shortened(inner), width: Math.ceil(Number(width)), height: Math.ceil(Number(height)) };
}

/** A tenth of a pixel is fine enough, and what draws nothing or says what is so anyway can go: half of the file. */
function shortened(svg: string): string {
  const short = svg.replaceAll(/<[^>]+>/g, (tag) =>
    tag
      .replaceAll(/-?\d+\.\d{2,}(?:e-\d+)?/g, (number) => String(Number(Number(number).toFixed(1))))
      .replaceAll(/ (?:class|role|aria-[a-z]+|pointer-events|font-family|stroke-miterlimit)="[^"]*"/g, '')
      .replaceAll(/ (?:(?:stroke-|fill-)?opacity="1"|text-anchor="start"|font-weight="normal")/g, '')
      .replaceAll(/ (?:stroke-dasharray="(?:1,0)?"|[xy]2="0"|transform="translate\(0,0\)")/g, '')
      .replaceAll(/="(-?[\d.]+)px"/g, '="$1"'),
  );
  const visible = short
    .replaceAll(/<text[^>]* opacity="0"[^>]*>[^<]*<\/text>|<g[^>]*\/>/g, '')
    .replaceAll(/<path (?![^>]*(?:fill|stroke)=)[^>]*\/>|<path [^>]*d="(?:M0,0h0v0h0Z)?"[^>]*\/>/g, '');
  return withoutEmptyGroups(withoutBareGroups(visible));
}

function withoutBareGroups(svg: string): string {
  const opened: boolean[] = [];
  return svg.replaceAll(/<g\b[^>]*>|<\/g>/g, (tag) => {
    if (tag !== '</g>') opened.push(tag !== '<g>');
    const isKept = tag === '</g>' ? opened.pop() : opened.at(-1);
    return isKept === true ? tag : '';
  });
}

function withoutEmptyGroups(svg: string): string {
  const without = svg.replaceAll(/<g[^>]*><\/g>/g, '');
  return without === svg ? svg : withoutEmptyGroups(without);
}

interface Type {
  readonly size: number;
  /** Distance to the next line. */
  readonly line: number;
  readonly weight?: number;
  readonly color: string;
}

/** Parts of a drawing, one below the other. */
class Column {
  readonly parts: string[] = [];
  y = PADDING;
  readonly #width: number;

  constructor(width: number) {
    this.#width = width;
  }

  text(text: string, type: Type): void {
    for (const line of wrapped(text, type.size * (type.weight === undefined ? 1 : BOLDER), this.#width)) {
      this.parts.push(textAt(PADDING, this.y + type.size, line, type));
      this.y += type.line;
    }
  }

  legend(entries: readonly LegendEntry[]): void {
    this.y += GAP / 2;
    let x = 0;
    for (const { label, color, dash, width } of entries) {
      const needed = LEGEND_LINE + 8 + textWidth(label, LEGEND.size);
      if (x > 0 && x + needed > this.#width) {
        x = 0;
        this.y += LEGEND.line;
      }
      const [left, middle] = [PADDING + x, this.y + LEGEND.line / 2];
      const dashes = dash.length === 0 ? '' : ` stroke-dasharray="${dash.join()}"`;
      this.parts.push(
        `<path d="M${rounded(left)},${middle}h${LEGEND_LINE}" stroke="${color}" stroke-width="${width}"${dashes}/>`,
        textAt(left + LEGEND_LINE + 6, middle + 4, label, LEGEND),
      );
      x += needed + 14;
    }
    this.y += LEGEND.line;
  }
}

function textAt(x: number, y: number, text: string, { size, weight, color }: Type): string {
  const bold = weight === undefined ? '' : ` font-weight="${weight}"`;
  return `<text x="${rounded(x)}" y="${rounded(y)}" font-size="${size}"${bold} fill="${color}">${escaped(text)}</text>`;
}

function wrapped(text: string, fontSize: number, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && textWidth(longer, fontSize) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function rounded(pixels: number): number {
  return Number(pixels.toFixed(1));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
