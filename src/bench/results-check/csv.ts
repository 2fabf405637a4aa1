/** The CSV files that figures are taken from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { csvParse } from 'd3-dsv';

/** A line by the names of its columns. */
export type CsvRow = Readonly<Record<string, string | undefined>>;

export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** Takes a path from the root of the repository. @throws {Error} when there is no such file */
export type ReadCsv = (path: string) => CsvTable;

/** Reads each file once. */
export function csvReader(root: string): ReadCsv {
  const tables = new Map<string, CsvTable>();
  return (path) => {
    const table = tables.get(path) ?? parsed(readText(join(root, path), path));
    tables.set(path, table);
    return table;
  };
}

export function parsed(text: string): CsvTable {
  const rows = csvParse(text);
  return { columns: rows.columns, rows };
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`there is no file ${name}`);
  }
}
