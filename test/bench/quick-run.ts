/** Runs a benchmark as its users do, but in short, and reads the files that it wrote. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import { type CsvRow, readCsv } from '../../src/bench/csv-table.js';
import { drawPlots, type Plot } from '../../src/bench/plot.js';
import { plain } from '../plain.js';

export const TIMEOUT = 100_000;

export class QuickRun {
  readonly #files: ReadonlyMap<string, string>;

  private constructor(
    readonly stdout: string,
    files: ReadonlyMap<string, string>,
  ) {
    this.#files = files;
  }

  /** @param name of the program in src/bench */
  static async of(t: Test, name: string, ...flags: string[]): Promise<QuickRun> {
    const out = mkdtempSync(join(tmpdir(), `hotshard-${name}-`));
    t.teardown(() => rmSync(out, { recursive: true, force: true }));
    const program = fileURLToPath(new URL(`../../src/bench/${name}.js`, import.meta.url));
    const { stdout } = await promisify(execFile)(
      ...plain(process.execPath, [program, '--quick', '--out', out, ...flags]),
      { timeout: TIMEOUT, encoding: 'utf8' },
    );
    const read = (file: string) => [file, readFileSync(join(out, file), 'utf8')] as const;
    return new QuickRun(stdout, new Map(readdirSync(out).map(read)));
  }

  get files(): string[] {
    return [...this.#files.keys()].sort();
  }

  json(file: string) {
    return JSON.parse(this.#files.get(file) ?? '');
  }

  rows(file: string): CsvRow[] {
    return readCsv(file, this.#files.get(file) ?? '');
  }

  /** Every chart is an SVG file, and the very same as one that is drawn again from the CSV files alone. */
  async checkPlots(t: Test, plots: readonly Plot[]): Promise<void> {
    const again = await drawPlots(plots, this.#files);
    t.equal(again.size, plots.length);
    for (const [file, svg] of again) {
      t.match(svg, /^<svg [\s\S]+<\/svg>\n$/, file);
      t.notMatch(svg, /NaN|undefined|Infinity/, file);
      t.equal(this.#files.get(file), svg, `${file} is drawn from the CSV files`);
    }
  }
}
