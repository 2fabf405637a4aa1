/** Reads the CSV files that benchmarks write (`csvOf`): what a cell holds is checked where it is asked for. */
import { csvParseRows } from 'd3-dsv';
import { type Spread, spreadOf } from './spread.js';

/** A line below the header. What is wrong with it is said with the file's name and the line's number. */
export class CsvRow {
  readonly #file: string;
  readonly #line: number;
  readonly #cells: ReadonlyMap<string, string>;

  constructor(file: string, line: number, cells: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#line = line;
    this.#cells = cells;
  }

  get columns(): string[] {
    return [...this.#cells.keys()];
  }

  /** @throws {Error} when there is no such column */
  text(column: string): string {
    const cell = this.#cells.get(column);
    if (cell === undefined) {
      throw new Error(`${this.#file}: there is no column "${column}", only ${this.columns.join(', ')}`);
    }
    return cell;
  }

  /** @throws {Error} when there is no such column, or no finite number in it */
  number(column: string): number {
    const number = this.optionalNumber(column);
    if (number === undefined) throw this.#notANumber(column);
    return number;
  }

  /**
   * What was not measured is an empty cell, or `NaN`: undefined.
   *
   * @throws {Error} when there is no such column, or something else in it
   */
  optionalNumber(column: string): number | undefined {
    const cell = this.text(column).trim();
    if (cell === '' || cell === 'NaN') return undefined;
    const number = Number(cell);
    if (!Number.isFinite(number)) throw this.#notANumber(column);
    return number;
  }

  #notANumber(column: string): Error {
    return new Error(
      `${this.#file}, line ${this.#line}: "${column}" must be a number, not "${this.text(column)}"`,
    );
  }
}

/**
 * @param file its name, for what is said about errors
 * @throws {Error} when it has no lines below a header, or a line that is longer or shorter than that
 */
export function readCsv(file: string, content: string): CsvRow[] {
  const [header = [], ...lines] = csvParseRows(content);
  if (lines.length === 0) throw new Error(`${file}: there are no lines below a header`);
  let next = 2;
  return lines.map((cells) => {
    const line = next;
    next += cells.join('').split('\n').length;
    if (cells.length !== header.length) {
      throw new Error(`${file}, line ${line}: there are ${cells.length} cells, and ${header.length} columns`);
    }
    return new CsvRow(file, line, new Map(header.map((column, i) => [column, cells[i]])));
  });
}

/** Rows that have the same in all of these columns; in the order in which they are met first. */
export function grouped(rows: readonly CsvRow[], columns: readonly string[]): CsvRow[][] {
  const groups = new Map<string, CsvRow[]>();
  for (const row of rows) {
    const name = JSON.stringify(columns.map((column) => row.text(column)));
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** What a small chart of a larger one shows. */
export interface Measure {
  /** With the unit: `latency, 99th percentile, µs`. */
  readonly title: string;
  readonly column: string;
  /** That the column is multiplied by; without it, 1. */
  readonly factor?: number;
}

/** One measure of the rounds of one group. */
export interface Measured {
  readonly measure: string;
  /** Of the group's rows, for what all of them have alike. */
  readonly row: CsvRow;
  readonly spread: Spread;
}

/** Every measure of every group of rows, which are rounds of the same. Without groups in which nothing was measured. */
export function measuresOf(
  rows: readonly CsvRow[],
  columns: readonly string[],
  measures: readonly Measure[],
): Measured[] {
  const groups = grouped(rows, columns);
  return measures.flatMap(({ title, column, factor = 1 }) =>
    groups.flatMap((group) => {
      const values = group.flatMap((row) => row.optionalNumber(column) ?? []);
      if (values.length === 0) return [];
      return { measure: title, row: group[0], spread: spreadOf(values.map((value) => value * factor)) };
    }),
  );
}
