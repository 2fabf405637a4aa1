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
