/** Tables for the terminal. */
import type { Spread } from './spread.js';

/** The first columns, as many as are said, to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[], left = 1): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) => {
      const cells = row.map((cell, i) => (i < left ? cell.padEnd(widths[i]) : cell.padStart(widths[i])));
      return `${cells.join('  ').trimEnd()}\n`;
    })
    .join('');
}

/** `1.2 to 3.4` */
export function range({ min, max }: Spread, digits: number): string {
  return `${min.toFixed(digits)} to ${max.toFixed(digits)}`;
}

/** A size in bytes as people write it. */
export function sizeText(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${bytes / 1024} KiB`;
}

/** 1000000 as `1,000,000`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}
