/** What `bench:hitratio` prints: a table for each mode, and what it comes to. */
import { CONTENDER_NAMES, type ContenderName, type Mode } from './measure.js';
import { lead, losses, meansOf, type Row, TOLERANCE } from './report.js';

const TITLES: Readonly<Record<Mode, string>> = {
  entries: 'By entries: every cache holds so many keys',
  memory:
    'By memory: every cache has so many bytes; only hotshard also keeps its headers and its index in them',
  used: "By bytes of entries: hotshard as above; the others have just the bytes that hotshard's entries took",
};

const COMPARED = ['LRU', 'S3-FIFO'] as const satisfies readonly ContenderName[];

/** Of the rows of one mode. */
export function table(mode: Mode, rows: readonly Row[]): string {
  const names = CONTENDER_NAMES.filter((name) => rows.some(({ ratios }) => ratios.has(name)));
  const compared = COMPARED.filter((name) => rows.some(({ ratios }) => lead(ratios, name) !== undefined));
  const header = ['trace', 'size', ...names, ...compared.map((name) => `− ${name}`)];
  const cells = (ratios: ReadonlyMap<ContenderName, number>) => [
    ...names.map((name) => ratios.get(name)?.toFixed(2) ?? '-'),
    ...compared.map((name) => signed(lead(ratios, name))),
  ];
  const body = rows.map(({ trace, share, ratios }) => [trace, percent(share), ...cells(ratios)]);
  const means = [
    { title: 'mean of real traces', of: rows.filter(({ isReal }) => isReal) },
    { title: 'mean', of: rows },
  ].flatMap(({ title, of }) => (of.length === 0 ? [] : [[title, '', ...cells(meansOf(of))]]));
  return [`${TITLES[mode]}. Hits in percent.`, '', ...aligned([header, ...body, ...means]), ''].join('\n');
}

/** Whether the goals are met, by the rows of one mode. */
export function verdict(mode: Mode, rows: readonly Row[]): string {
  const lines: string[] = [];
  const ahead = lead(meansOf(rows), 'S3-FIFO');
  if (ahead !== undefined) {
    const place = ahead >= 0 ? 'at or above' : 'BELOW';
    lines.push(`${mode}: hotshard's mean is ${place} that of S3-FIFO: ${signed(ahead)} points.`);
  }
  if (lead(meansOf(rows), 'LRU') !== undefined) {
    const lost = losses(rows, TOLERANCE);
    lines.push(
      `${mode}: hotshard is more than ${TOLERANCE} points below LRU in ${lost.length} of ${rows.length} lines.`,
    );
    for (const { trace, isReal, share, ratios } of lost) {
      lines.push(`  ${signed(lead(ratios, 'LRU'))}  ${trace} at ${percent(share)}${isReal ? ' (real)' : ''}`);
    }
  }
  return lines.map((line) => `${line}\n`).join('');
}

export function percent(share: number): string {
  return `${Number((100 * share).toFixed(2))} %`;
}

function signed(points: number | undefined): string {
  if (points === undefined) return '-';
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(2)}`;
}

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? [];
  return rows.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
}
