/** What `bench:map` keeps: `map.json` with all figures, and a CSV file of the rounds of each section. */
import type { Machine } from '../machine.js';
import type { Options } from './options.js';
import type { Results } from './results.js';
import type { Row } from './section.js';
import type { Goal } from './summary.js';

const SIGNIFICANT_DIGITS = 6;

export function jsonOf(
  results: Results,
  goals: readonly Goal[],
  machine: Machine,
  { rounds, quick }: Pick<Options, 'rounds' | 'quick'>,
): string {
  const parameters = { rounds, quick, distribution: 'zipf', exponent: 0.99 };
  const unit = 'nanoseconds per operation, unless named otherwise';
  return `${indented({ benchmark: 'map', machine, parameters, unit, goals, sections: results })}\n`;
}

/** Each item of a list is on one line: to be compared by line, and shorter. */
function indented(value: unknown, indent = ''): string {
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

/** What a reader of the file gets: other documents are to be made from this, so that they agree with it. */
export function asWritten<T>(value: T): T {
  return JSON.parse(JSON.stringify(value, rounded)) as T;
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
