/**
 * `npm run plots`: draws the benchmarks' charts again from the CSV files in results/, without measuring again. Prints what
 * it wrote. Exit code 2 for a wrong flag, 1 for a CSV file that can't be drawn.
 */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { ALL_PLOTS } from './all-plots.js';
import { fail, optionsBy, ROOT } from './command.js';
import { folder, parseFlags, someOf, textFlag } from './flags.js';
import { drawPlots, type Plot } from './plot.js';

const NAMES = ALL_PLOTS.map(({ file }) => file.slice(0, -'.svg'.length));

interface Options {
  readonly from: string;
  readonly out: string;
  readonly plots: readonly Plot[];
}

function parseOptions(args: readonly string[]): Options {
  const { from, out, only } = parseFlags(args, {
    script: 'plots',
    flags: {
      from: textFlag('folder of the CSV files; without it, results/'),
      out: textFlag('folder for the charts; without it, that of the CSV files'),
      only: textFlag(`charts to draw, with commas between them: ${NAMES.join(', ')}`),
    },
    schema: z.object({
      from: folder.refine(isFolder, 'there is no such folder').default(join(ROOT, 'results')),
      out: folder.optional(),
      only: someOf(NAMES).optional(),
    }),
  });
  const plots = ALL_PLOTS.filter((_, i) => only?.includes(NAMES[i]) ?? true);
  return { from, out: out ?? from, plots };
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

async function draw({ from, out, plots }: Options): Promise<void> {
  const names = new Set(plots.flatMap(({ csvs }) => csvs));
  const there = [...names].filter((name) => existsSync(join(from, name)));
  if (there.length === 0) throw new Error(`${from} has none of ${[...names].join(', ')}`);
  const csvs = new Map(there.map((name) => [name, readFileSync(join(from, name), 'utf8')]));
  const drawings = await drawPlots(plots, csvs);
  mkdirSync(out, { recursive: true });
  for (const [name, svg] of drawings) {
    writeFileSync(join(out, name), svg);
    process.stdout.write(`${relative('', join(out, name))}\n`);
  }
  for (const { file } of plots.filter((plot) => !drawings.has(plot.file))) {
    process.stderr.write(`${file}: its CSV file is not there\n`);
  }
}

await draw(optionsBy(parseOptions)).catch((error: unknown) => fail(error, 1));
