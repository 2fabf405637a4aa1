/**
 * The charts' colours, each for a light background and for a dark one. Text has a contrast of at least 4.5:1 with the
 * background, what shows figures at least 3:1; only the grid, which shows none, is fainter. A chart is drawn in the light
 * colours. A style sheet in it has the dark ones take their place, by the very text of the colour: so no two may be equal.
 */

const BOTH = {
  background: ['#ffffff', '#0d1117'],
  text: ['#1f2328', '#e6edf3'],
  /** Of what is read second: the numbers at the axes, the captions. */
  quiet: ['#59636e', '#9198a1'],
  grid: ['#e2e6ea', '#262c36'],
  axis: ['#818b98', '#656c76'],

  /** Of hotshard's curves; the others are told apart by colour-blind people as well. */
  own: ['#d1490c', '#ff8b4a'],
  blue: ['#0072b2', '#4ea8e8'],
  green: ['#00876a', '#3fc79a'],
  purple: ['#a04a86', '#dc8fc4'],
  amber: ['#a87400', '#e0b040'],
  sky: ['#2d8fc9', '#8fd0f5'],
  grey: ['#808891', '#8b949e'],
  ink: ['#1f2329', '#e6edf4'],

  /** Of bars: dark enough for the line on them that goes from minimum to maximum. */
  ownBar: ['#d1490d', '#cf4c14'],
  otherBar: ['#808892', '#6e7681'],
} as const satisfies Readonly<Record<string, readonly [light: string, dark: string]>>;

export type ColorName = keyof typeof BOTH;

/** What is drawn with: the light ones. */
export const COLORS = Object.fromEntries(Object.entries(BOTH).map(([name, [light]]) => [name, light])) as {
  readonly [Name in ColorName]: (typeof BOTH)[Name][0];
};

/** By the colour that is drawn with. */
export const DARK: ReadonlyMap<string, string> = new Map(Object.values(BOTH));

/** The style sheet of a drawing: only of the colours that are in it. */
export function darkStyle(svg: string): string {
  const rules = [...DARK].flatMap(([light, dark]) =>
    ['fill', 'stroke']
      .filter((attribute) => svg.includes(`${attribute}="${light}"`))
      .map((attribute) => `[${attribute}="${light}"]{${attribute}:${dark}}`),
  );
  return `<style>@media (prefers-color-scheme:dark){${rules.join('')}}</style>`;
}
