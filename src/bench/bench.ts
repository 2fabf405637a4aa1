/**
 * `hotshard bench`, and `npm run bench`: what this machine gets out of hotshard, at 80 % reads and 20 % writes unless told
 * otherwise. Prints a table; writes `bench.csv` and `bench.json`. It is part of the package: what it imports has to be, too
 * (`files` in package.json), and must do without development dependencies.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { ROOT } from './command.js';
import { describeMachine } from './machine.js';
import { BenchFailure } from './standard/failure.js';
import { measureRounds } from './standard/measure.js';
import type { BenchOptions } from './standard/options.js';
import { benchFiles, benchText } from './standard/report.js';
import { openTarget } from './standard/target.js';

export { BenchFailure };

/** @throws {BenchFailure | ClientError} with one readable line */
export async function runBench(options: BenchOptions): Promise<void> {
  const autocannon = autocannonVersion();
  const folder = folderFor(options);
  const machine = describeMachine();
  const target = await openTarget(options);
  try {
    const rounds = await measureRounds(target, options);
    const bench = { options, about: target.about, rounds, autocannon, machine };
    process.stdout.write(`${benchText(bench)}\n`);
    for (const [name, content] of benchFiles(bench)) write(join(folder, name), content);
  } finally {
    await target.stop();
  }
}

/** It is an optional dependency: npm goes on without it. */
function autocannonVersion(): string {
  try {
    return createRequire(import.meta.url)('autocannon/package.json').version;
  } catch (error) {
    throw new BenchFailure('autocannon, which makes the load, is not installed: npm install autocannon', {
      cause: error,
    });
  }
}

/** Made at once: it would be a pity to find out in the end that there is no place for the results. */
function folderFor({ out, isStandard }: BenchOptions): string {
  const results = join(ROOT, 'results');
  const isClone = existsSync(join(results, 'README.md'));
  const folder = out ?? (isClone && isStandard ? results : 'hotshard-bench');
  try {
    mkdirSync(folder, { recursive: true });
    return folder;
  } catch (error) {
    throw new BenchFailure(`there is no place for the results (--out): ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function write(path: string, content: string): void {
  try {
    writeFileSync(path, content);
    process.stdout.write(`Written: ${relative('', path)}\n`);
  } catch (error) {
    throw new BenchFailure(`the results can't be written: ${messageOf(error)}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
