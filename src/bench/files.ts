/** What benchmarks keep of their figures: JSON that is read by people too, and CSV files, a line for each round. */
import type { Machine } from './machine.js';

const SIGNIFICANT_DIGITS = 6;

/** A line of a CSV file: a round. */
export type Row = Readonly<Record<string, string | number>>;

/** Each item of a list is on one line: to be compared by line, and shorter. */
export function indented(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    if (value.length === 0) return '[]';
    const items = value.map((item) => `${inner}${JSON.stringify(item, rounded)}`);
    return `[\n${items.join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(rounded('', value));
  const items = Object.entries(value).map(
    ([key, item]) => `${inner}${JSON.stringify(key)}: ${indented(item, inner)}`,
  );
  return `{\n${items.join(',\n')}\n${indent}}`;
}

function rounded(_: string, value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value;
  return Number(value.toPrecision(SIGNIFICANT_DIGITS));
}

/** A line per row, with machine and commit at its end. */
export function csvOf(rows: readonly Row[], { node, cpu, date, commit }: Machine): string {
  const lines = rows.map((row) => ({ ...row, node, cpu, date, commit }));
  const header = Object.keys(lines[0] ?? {});
  return [header, ...lines.map(Object.values)]
    .map((cells) => `${cells.map((cell) => quoted(String(cell))).join(',')}\n`)
    .join('');
}

function quoted(cell: string): string {
  return /[",\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
