/** Compares what the READMEs say with the CSV files. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ReadCsv } from './csv.js';
import {
  bareNumbersOf,
  blocksOf,
  type Figure,
  figuresOf,
  lineOf,
  strayMarks,
  withoutCode,
} from './markdown.js';
import { correction } from './printed.js';
import { ask } from './query.js';
import { tableOf } from './tables.js';

/** By their paths from the root of the repository. */
export const DOCUMENTS = ['README.md', 'results/README.md', 'shards/README.md'];

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly kind: 'figure' | 'query' | 'table' | 'mark' | 'bare number' | 'no csv';
  /** With what to write instead. */
  readonly message: string;
}

export interface Checked {
  readonly figures: number;
  readonly tables: number;
  readonly findings: readonly Finding[];
}

export function checkAll(root: string, read: ReadCsv): Checked {
  const all = DOCUMENTS.map((name) => checkDocument(name, readFileSync(join(root, name), 'utf8'), read));
  return {
    figures: all.reduce((sum, { figures }) => sum + figures, 0),
    tables: all.reduce((sum, { tables }) => sum + tables, 0),
    findings: all.flatMap(({ findings }) => findings),
  };
}

/** @param file path from the root of the repository */
export function checkDocument(file: string, content: string, read: ReadCsv): Checked {
  const text = withoutCode(content);
  const [blocks, figures] = [blocksOf(text), figuresOf(text)];
  const at = (start: number, kind: Finding['kind'], message: string): Finding => ({
    ...{ file, line: lineOf(text, start) },
    ...{ kind, message },
  });
  const findings = [
    ...strayMarks(text).map(({ start, end }) =>
      at(
        start,
        'mark',
        `${text.slice(start, end)} stands alone, or is not written as results/README.md says`,
      ),
    ),
    ...blocks.flatMap(({ start, end, name }) => {
      // Code in a table has been blanked out of the text, so look at what is really there.
      const problem = tableProblem(name, content.slice(start, end), read);
      return problem === undefined ? [] : [at(start, 'table', problem)];
    }),
    ...figures.flatMap((figure) => {
      const problem = figureProblem(figure, posix.dirname(file), read);
      return problem === undefined ? [] : [at(figure.start, problem.kind, problem.message)];
    }),
    ...bareNumbersOf(text).flatMap(({ start, text: number, mark }) => {
      if (mark === 'set') return [];
      if (mark === 'no csv')
        return [at(start, 'no csv', `"${number}" is in no CSV file: measure it, or take it out`)];
      const advice = `quote it, [${number}](file.csv "median column where other=value"), or mark what is no result: ${number}<!-- set -->`;
      return [at(start, 'bare number', `"${number}" is not from a CSV file: ${advice}`)];
    }),
  ].sort((a, b) => a.line - b.line);
  return { figures: figures.length, tables: blocks.length, findings };
}

function tableProblem(name: string, content: string, read: ReadCsv): string | undefined {
  try {
    const isCurrent = content.startsWith(`${tableOf(name, read)}\n<!-- /results -->`);
    return isCurrent ? undefined : `the table "${name}" is not that of the CSV file: npm run results:tables`;
  } catch (error) {
    return `the table "${name}" can't be made: ${messageOf(error)}`;
  }
}

function figureProblem({ text, file, query }: Figure, folder: string, read: ReadCsv) {
  try {
    const value = ask(query, read(posix.join(folder, file)));
    const instead = correction(text, value);
    if (instead === undefined) return undefined;
    const message = `"${text}" should be "${instead}": ${file} says ${value} (${query})`;
    return { kind: 'figure', message } as const;
  } catch (error) {
    return { kind: 'query', message: `"${text}", ${file}, "${query}": ${messageOf(error)}` } as const;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
