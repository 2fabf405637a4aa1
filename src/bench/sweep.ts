/** A sweep: the same measured again and again while one thing about it grows. For tables and CSV files. */
import { alternate } from './alternate.js';
import type { Row } from './files.js';
import { spreadOf } from './spread.js';
import { range, textTable } from './text-table.js';

/** A stop of the sweep. */
export interface Stop<Round> {
  /** What it is about: columns of the CSV file. */
  readonly labels: Row;
  readonly measure: () => Promise<Round>;
}

/** What came of it. */
export interface Point<Round> {
  readonly labels: Row;
  readonly rounds: readonly Round[];
}

/** All rounds of all stops in turn, with a bar on a terminal. */
export async function measureSweep<Round>(
  name: string,
  stops: readonly Stop<Round>[],
  rounds: number,
  warmUpRounds: number,
): Promise<Point<Round>[]> {
  const subjects = new Map(stops.map((stop) => [stop, stop.measure] as const));
  const measured = await alternate(subjects, rounds, warmUpRounds, name);
  return [...measured].map(([{ labels }, all]) => ({ labels, rounds: all }));
}

/** A line for each round. */
export function sweepRows<Round>(points: readonly Point<Round>[], rowOf: (round: Round) => Row): Row[] {
  return points.flatMap(({ labels, rounds }) =>
    rounds.map((round, i) => ({ ...labels, round: i + 1, ...rowOf(round) })),
  );
}

/** Of a table for the terminal. */
export interface Column<Round> {
  readonly title: string;
  /** What is not there, or not known, is left empty. */
  readonly of: (round: Round) => number | undefined;
  /** After the point. */
  readonly digits: number;
  /** Whether a column with minimum and maximum follows. */
  readonly hasRange?: boolean;
}

/**
 * A line of medians for each point.
 *
 * @param labels titles of the first columns, and what is in them
 */
export function sweepTable<Round>(
  points: readonly Point<Round>[],
  labels: Readonly<Record<string, (labels: Row) => string>>,
  columns: readonly Column<Round>[],
): string {
  const header = columns.flatMap(({ title, hasRange }) => (hasRange ? [title, 'min to max'] : [title]));
  const lines = points.map((point) => [
    ...Object.values(labels).map((text) => text(point.labels)),
    ...columns.flatMap((column) => cellsOf(point.rounds, column)),
  ]);
  return textTable([[...Object.keys(labels), ...header], ...lines], 1);
}

function cellsOf<Round>(rounds: readonly Round[], { of, digits, hasRange }: Column<Round>): string[] {
  const values = rounds.map(of).filter((value) => value !== undefined && !Number.isNaN(value));
  const spread = spreadOf(values as number[]);
  const texts = values.length === 0 ? ['', ''] : [spread.median.toFixed(digits), range(spread, digits)];
  return hasRange ? texts : texts.slice(0, 1);
}
