/**
 * `npm run bench:resp`: hotshard's RESP port side by side with redis-server, under the load of redis-benchmark: one worker
 * on one core, two workers on two. Needs `redis-server` and `redis-benchmark`. Prints tables; writes `results/resp.json`, a
 * CSV file for each section, and charts.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';
import { parseOptions } from './resp/options.js';
import { PLOTS } from './resp/plot.js';
import { SECTIONS } from './resp/sections.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, SECTIONS);
await keep(options, async () => {
  const csvs = csvFiles('resp', rows, machine);
  const json = loadJson('resp', machine, options, results);
  return [['resp.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
