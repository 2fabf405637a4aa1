/** The table of the README that shows section "contenders". */
import type { ContendersResult } from './contenders.js';
import { rateOf, type Timed } from './statistics.js';

const HEADER = ['contender', 'M get/s', 'CPU ns/get', 'CPU ns/miss', 'M set/s', 'CPU ns/set'];

/** As Markdown, without a line feed at its end. */
export function readmeTable({ results }: ContendersResult): string {
  const find = (contender: string, operation: string) =>
    results.find((one) => one.contender === contender && one.operation === operation);
  const names = [...new Set(results.map(({ contender }) => contender))];
  const rows = names.map((name) => {
    const [get, miss, set] = ['get', 'miss', 'set'].map((operation) => find(name, operation));
    return [name, rates(get), nanoseconds(get), nanoseconds(miss), rates(set), nanoseconds(set)];
  });
  const line = HEADER.map((_, i) => (i === 0 ? '---' : '--:'));
  return [HEADER, line, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/**
 * A Markdown text with a new table in place of the one whose first column is called "contender".
 *
 * @throws {Error} when it has none
 */
export function withTable(text: string, table: string): string {
  const pattern = /^\| contender (?:.*\n)(?:\|.*\n)*/m;
  if (!pattern.test(text)) throw new Error('there is no table to replace, none begins with "| contender "');
  return text.replace(pattern, () => `${table}\n`);
}

function rates(timed: Timed | undefined): string {
  if (timed === undefined) return '';
  const { median, min, max } = rateOf(timed.wall);
  return `${median.toFixed(1)} (${min.toFixed(1)} to ${max.toFixed(1)})`;
}

function nanoseconds(timed: Timed | undefined): string {
  if (timed === undefined) return '';
  const { median, min, max } = timed.cpu;
  return `${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)})`;
}
