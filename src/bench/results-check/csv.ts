/** The CSV files that figures are taken from. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CsvRow, readCsv } from '../csv-table.js';

/** Takes a path from the root of the repository. @throws {Error} when there is no such file, or it can't be read as CSV */
export type ReadCsv = (path: string) => readonly CsvRow[];

/** Reads each file once. */
export function csvReader(root: string): ReadCsv {
  const files = new Map<string, readonly CsvRow[]>();
  return (path) => {
    const rows = files.get(path) ?? readCsv(path, readText(join(root, path), path));
    files.set(path, rows);
    return rows;
  };
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new Error(`there is no file ${name}`);
  }
}
