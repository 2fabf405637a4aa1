/**
 * `npm run bench:map`: the map alone, beside others: on one thread and on two, by length of the values and number of keys,
 * its hash function, its memory. Prints tables and how they compare to the goals; writes `results/map.json`, a CSV file
 * of each section's rounds, charts, and the README's table.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from './machine.js';
import { asWritten, csvOf, jsonOf } from './map/files.js';
import { type Options, parseOptions, type SectionName } from './map/options.js';
import { plots } from './map/plot.js';
import { readmeTable, withTable } from './map/readme-table.js';
import { type Results, SECTIONS } from './map/results.js';
import type { Row } from './map/section.js';
import { goalsOf, summaryText } from './map/summary.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

const options = readOptions();
const machine = describeMachine();
const { node, cpu, cpus, platform, load, commit } = machine;
process.stdout.write(`Node ${node}, ${cpu}, ${cpus} CPUs, ${platform}; load ${load}; commit ${commit}\n`);
const results: Results = {};
const rows = new Map<SectionName, readonly Row[]>();
for (const name of options.sections) await run(name).catch((error: unknown) => fail(error, 1));
const goals = goalsOf(results);
if (goals.length > 0) process.stdout.write(`\nGoals\n\n${summaryText(goals)}`);
await write();

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    return fail(error, 2);
  }
}

function fail(error: unknown, exitCode: number): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(exitCode);
}

async function run<Name extends SectionName>(name: Name): Promise<void> {
  const began = performance.now();
  const { result, rows: all, text } = await SECTIONS[name](options);
  results[name] = result;
  rows.set(name, all);
  process.stdout.write(`\n${name[0].toUpperCase()}${name.slice(1)}\n\n${text}`);
  process.stderr.write(`${name}: ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}

async function write(): Promise<void> {
  const folder = options.out ?? (options.isComplete ? join(ROOT, 'results') : undefined);
  if (folder === undefined) {
    process.stderr.write('Not all was measured in full: results/ is left as it is.\n');
    return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'map.json'), jsonOf(results, goals, machine, options));
  for (const [name, all] of rows) writeFileSync(join(folder, `map-${name}.csv`), csvOf(all, machine));
  for (const [name, svg] of await plots(results)) writeFileSync(join(folder, name), svg);
  if (options.out !== undefined || results.contenders === undefined) return;
  const readme = join(ROOT, 'README.md');
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), readmeTable(asWritten(results.contenders))));
}
