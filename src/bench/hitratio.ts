/**
 * `npm run bench:hitratio`: how often hotshard finds what it is asked for, beside other policies of eviction, on real
 * and on generated access traces. Prints tables and writes `results/hitratio.csv`, `results/hitratio.json` and curves.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { fail, keep, optionsBy } from './command.js';
import { csvOf } from './files.js';
import { jsonOf, resultRows } from './hitratio/files.js';
import { MODES } from './hitratio/measure.js';
import { type Options, parseOptions, TABLE_SHARES } from './hitratio/options.js';
import { PLOTS } from './hitratio/plot.js';
import { rowsOf } from './hitratio/report.js';
import { table, verdict } from './hitratio/table.js';
import type { Measured, Source, ThreadOptions } from './hitratio/thread.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';

const machine = describeMachine();
const options = optionsBy(parseOptions);
if (options.note !== undefined) process.stderr.write(`${options.note}\n`);
const measured = await measureAll(options).catch((error: unknown) => fail(error, 1));
print(measured);
await keep({ isComplete: options.isComplete, out: undefined }, async () => {
  const csvs = new Map([['hitratio.csv', csvOf(resultRows(measured), machine)]]);
  const json = jsonOf(measured, machine, TABLE_SHARES);
  return [['hitratio.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});

/** The traces, in the order of the sources, though several are measured at the same time. */
async function measureAll({ sources, threads, ...rest }: Options): Promise<Measured[]> {
  const measured = new Map<Source, Measured>();
  const waiting = [...sources];
  const takeTurns = async () => {
    for (let source = waiting.shift(); source !== undefined; source = waiting.shift()) {
      const began = performance.now();
      measured.set(source, await measureOne({ source, ...rest }));
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      process.stderr.write(`${measured.size} of ${sources.length}: ${source.name}, ${seconds} s\n`);
    }
  };
  await Promise.all(Array.from({ length: threads }, takeTurns));
  return sources.flatMap((source) => measured.get(source) ?? []);
}

/** In a thread of its own: its memory is free again when it ends. */
async function measureOne({ source, contenders, shares, length }: ThreadOptions): Promise<Measured> {
  const workerData: ThreadOptions = { source, contenders, shares, length };
  const thread = new Worker(new URL('./hitratio/thread.js', import.meta.url), { workerData });
  const [measured] = (await once(thread, 'message')) as [Measured];
  await thread.terminate();
  return measured;
}

function print(measured: readonly Measured[]): void {
  const { node, cpu, cpus, commit } = machine;
  process.stdout.write(`Node ${node}, ${cpu}, ${cpus} CPUs, commit ${commit}\n\n`);
  const modes = MODES.map((mode) => ({ mode, rows: rowsOf(measured, mode, TABLE_SHARES) })).filter(
    ({ rows }) => rows.length > 0,
  );
  for (const { mode, rows } of modes) process.stdout.write(`${table(mode, rows)}\n`);
  for (const { mode, rows } of modes) process.stdout.write(verdict(mode, rows));
}
