/**
 * `npm run bench:limits`: whether the limits hold at ten times their load. Needs `redis-server`. Prints tables; writes
 * `results/limits.json` and a CSV file for each section. Exit code 1, and why, when a limit was not kept.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { measureConcurrency } from './limits/concurrency.js';
import { parseOptions } from './limits/options.js';
import { measureRate } from './limits/rate.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, { concurrency: measureConcurrency, rate: measureRate });
await keep(options, async () => [
  ['limits.json', loadJson('limits', machine, options, results)],
  ...csvFiles('limits', rows, machine),
]);
