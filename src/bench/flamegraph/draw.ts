/**
 * A flame graph as a picture that needs no program: what called stands below what was called, and is as wide as the time
 * that both took. Libraries for this draw in a browser; to place boxes is a few lines.
 */
import { GROUP_NAMES, GROUPS, type Group } from './frames.js';
import type { Share } from './shares.js';
import type { Node } from './tree.js';

/** Pixels. */
const WIDTH = 1200;
const MARGIN = 16;
const ROW = 17;
const HEAD = 76;
/** A narrower box would be a line. */
const LEAST_WIDTH = 0.6;
const LETTER = 6.1;
const LETTERS_AT_LEAST = 3;
const LEGEND_LETTER = 6.6;

/** Boxes on white and on black; letters on both kinds of boxes are black or white as the page is. */
const FILLS: Readonly<Record<Group, readonly [light: string, dark: string]>> = {
  own: ['#f4985e', '#b84f00'],
  hapi: ['#7fbbe3', '#0b5c94'],
  packages: ['#c3dff2', '#33536b'],
  node: ['#8fd3b8', '#0b6b50'],
  native: ['#d0d0d0', '#4d4d4d'],
  gc: ['#f3cf6e', '#8a6a00'],
  waiting: ['#eeeeee', '#2a2a2a'],
};

interface Box {
  readonly x: number;
  readonly width: number;
  readonly depth: number;
  readonly node: Node;
}

export interface Flame {
  readonly title: string;
  readonly subtitle: string;
  readonly tree: readonly Node[];
  /** Those of groups are for the legend. */
  readonly shares: readonly Share[];
}

export function drawFlame({ title, subtitle, tree, shares }: Flame): string {
  const samples = tree.reduce((sum, node) => sum + node.samples, 0);
  const boxes = boxesOf(tree, MARGIN, (WIDTH - 2 * MARGIN) / samples, 0);
  const rows = Math.max(0, ...boxes.map(({ depth }) => depth)) + 1;
  const height = HEAD + rows * ROW + MARGIN;
  const bottom = height - MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<style>${styles(0)}@media (prefers-color-scheme: dark){${styles(1)}}</style>`,
    `<rect class="page" width="${WIDTH}" height="${height}"/>`,
    `<text x="${MARGIN}" y="28" font-size="18" font-weight="bold">${escaped(title)}</text>`,
    `<text x="${MARGIN}" y="46" font-size="12">${escaped(subtitle)}</text>`,
    ...legend(shares, samples),
    ...boxes.map((box) => boxText(box, bottom, samples)),
    '</svg>\n',
  ].join('\n');
}

function boxesOf(nodes: readonly Node[], left: number, scale: number, depth: number): Box[] {
  let x = left;
  return nodes.flatMap((node) => {
    const box = { x, width: node.samples * scale, depth, node };
    x += box.width;
    return box.width < LEAST_WIDTH ? [] : [box, ...boxesOf(node.children, box.x, scale, depth + 1)];
  });
}

function boxText({ x, width, depth, node }: Box, bottom: number, samples: number): string {
  const { frame } = node;
  const top = bottom - (depth + 1) * ROW;
  const letters = Math.floor((width - 6) / LETTER);
  const share = ((100 * node.samples) / samples).toFixed(2);
  const label = frame.label.length <= letters ? frame.label : `${frame.label.slice(0, letters - 1)}…`;
  const text =
    letters < LETTERS_AT_LEAST
      ? ''
      : `<text x="${(x + 3).toFixed(1)}" y="${top + 12}">${escaped(label)}</text>`;
  const rect = `<rect class="${frame.group}" x="${x.toFixed(1)}" y="${top}" width="${Math.max(LEAST_WIDTH, width - 0.6).toFixed(1)}" height="${ROW - 1}"/>`;
  return `<g><title>${escaped(frame.name)}: ${share} %</title>${rect}${text}</g>`;
}

/** With the time that each group takes itself. */
function legend(shares: readonly Share[], samples: number): string[] {
  let x = MARGIN;
  return GROUP_NAMES.flatMap((group) => {
    const share = shares.find(({ kind, name }) => kind === 'group' && name === GROUPS[group]);
    if (share === undefined) return [];
    const text = `${GROUPS[group]} ${((100 * share.self) / samples).toFixed(1)} %`;
    const left = x;
    x += 32 + text.length * LEGEND_LETTER;
    return [
      `<rect class="${group}" x="${left}" y="56" width="12" height="12"/>`,
      `<text x="${left + 17}" y="66" font-size="12">${escaped(text)}</text>`,
    ];
  });
}

function styles(theme: 0 | 1): string {
  const [page, letters] = theme === 0 ? ['#ffffff', '#111111'] : ['#0d1117', '#f2f2f2'];
  const fills = GROUP_NAMES.map((group) => `.${group}{fill:${FILLS[group][theme]}}`);
  return `.page{fill:${page}}text{fill:${letters}}${fills.join('')}`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
