/** What the benchmarks' programs have in common: how they begin, run their sections, keep what these gave, and fail. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { csvOf, type Row } from './files.js';
import type { Machine } from './machine.js';
import type { Report, Sections } from './sections.js';

export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** The options that the program was given. Ends it with exit code 2 when they are wrong. */
export function optionsBy<Options>(parse: (args: readonly string[]) => Options): Options {
  try {
    return parse(process.argv.slice(2));
  } catch (error) {
    return fail(error, 2);
  }
}

export function fail(error: unknown, exitCode: number): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCode);
}

export function printMachine({ node, cpu, cpus, platform, load, commit }: Machine): void {
  process.stdout.write(`Node ${node}, ${cpu}, ${cpus} CPUs, ${platform}; load ${load}; commit ${commit}\n`);
}

/** What the sections that were run gave. */
export interface Measured<All> {
  readonly results: Partial<All>;
  readonly rows: ReadonlyMap<keyof All & string, readonly Row[]>;
}

/** One after another. Prints what each has to say, and ends the program with exit code 1 when one fails. */
export async function runSections<All, Options extends Sections<keyof All & string>>(
  options: Options,
  sections: { readonly [Name in keyof All]: (options: Options) => Promise<Report<All[Name]>> },
): Promise<Measured<All>> {
  const results: Partial<All> = {};
  const rows = new Map<keyof All & string, readonly Row[]>();
  for (const name of options.sections) {
    const began = performance.now();
    const report = await sections[name](options).catch((error: unknown) => fail(error, 1));
    results[name] = report.result;
    rows.set(name, report.rows);
    process.stdout.write(`\n${name[0].toUpperCase()}${name.slice(1)}\n\n${report.text}`);
    process.stderr.write(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
  }
  return { results, rows };
}

/** Contents by name: a CSV file for each section that was run: `map-hash.csv`. */
export function csvFiles(
  benchmark: string,
  rows: ReadonlyMap<string, readonly Row[]>,
  machine: Machine,
): Map<string, string> {
  return new Map([...rows].map(([name, all]) => [`${benchmark}-${name}.csv`, csvOf(all, machine)]));
}

/** @param makeFiles contents by name; not called where nothing is to be kept */
export async function keep(
  { out, isComplete }: Pick<Sections<string>, 'out' | 'isComplete'>,
  makeFiles: () => Promise<Iterable<readonly [string, string]>>,
): Promise<void> {
  const folder = out ?? (isComplete ? join(ROOT, 'results') : undefined);
  if (folder === undefined) {
    process.stderr.write('Not all was measured in full: results/ is left as it is.\n');
    return;
  }
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of await makeFiles()) writeFileSync(join(folder, name), content);
}
