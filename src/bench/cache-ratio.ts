/**
 * `npm run bench:cache-ratio`: how hotshard reads when its cache holds 10 % to 100 % of the keys and the rest is in a
 * data file or in Redis. Needs `redis-server`. Prints tables; writes `results/cache-ratio.json`, a CSV file for each
 * store, and a chart.
 */
import { measureRatios } from './cache-ratio/measure.js';
import { parseOptions } from './cache-ratio/options.js';
import { PLOTS } from './cache-ratio/plot.js';
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import type { LoadScale } from './load/options.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, {
  file: (scale: LoadScale) => measureRatios('file', scale),
  redis: (scale: LoadScale) => measureRatios('redis', scale),
});
await keep(options, async () => {
  const csvs = csvFiles('cache-ratio', rows, machine);
  const json = loadJson('cache-ratio', machine, options, results);
  return [['cache-ratio.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
