/** Draws the benchmarks' charts as SVG files that are small enough to be kept. */
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** What all charts look alike by. */
export const CONFIG = {
  font: 'sans-serif',
  aria: false,
  axis: {
    ticks: false,
    domain: false,
    labelPadding: 5,
    labelFontSize: 11,
    titleFontSize: 11,
    gridColor: '#e5e5e5',
  },
} as const satisfies TopLevelSpec['config'];

/** Okabe and Ito's colours, which colour-blind people can tell apart. The first is for hotshard. */
export const COLORS = ['#D55E00', '#0072B2', '#E69F00', '#009E73'];

/** For what a chart compares hotshard with. */
export const GREY = '#999999';

/** What every chart opens with. */
export function frame(title: string, subtitle: string) {
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: { text: title, subtitle, anchor: 'start', fontSize: 18, subtitleFontSize: 13 },
    background: 'white',
    padding: 12,
  } as const;
}

/** Of curves: by colour, above them. */
export const LEGEND = {
  title: null,
  orient: 'top' as const,
  symbolType: 'stroke',
  symbolStrokeWidth: 3,
  labelLimit: 300,
  labelFontSize: 13,
};

/** Of a chart of small charts, one for each value of `field`, in the order of `values`. */
export function facetBy(field: string, values: readonly string[]) {
  return {
    field,
    type: 'nominal' as const,
    sort: [...new Set(values)],
    header: { title: null, labelFontSize: 13, labelFontWeight: 'bold' as const },
  };
}

export async function drawSvg(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(specification).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${shortened(svg)}\n`;
}

/** A tenth of a pixel is fine enough, and what draws nothing can go: that is half of the file. */
function shortened(svg: string): string {
  return svg.replaceAll(/<[^>]+>/g, (tag) => {
    if (/^<path [^>]*d="(?:M0,0h0v0h0Z)?"/.test(tag)) return '';
    return tag
      .replaceAll(/\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))))
      .replaceAll(
        / (?:class|role|aria-[a-z]+|pointer-events|opacity|stroke-opacity|fill-opacity)="[^"]*"/g,
        '',
      );
  });
}
