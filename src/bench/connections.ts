/**
 * `npm run bench:connections`: what 1 to 128 connections get out of `/lookup`, by what becomes of the request. Needs
 * `redis-server`. Prints a table; writes `results/connections.json`, a CSV file, and a chart.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { measureLookups } from './connections/lookup.js';
import { parseOptions } from './connections/options.js';
import { PLOTS } from './connections/plot.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, { lookup: measureLookups });
await keep(options, async () => {
  const csvs = csvFiles('connections', rows, machine);
  const json = loadJson('connections', machine, options, results);
  return [['connections.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
