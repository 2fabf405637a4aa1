/**
 * `npm run bench:redis`: hotshard in front of Redis: what it costs and brings next to others, how long it serves what
 * somebody else has changed, and what its users get through an outage. Needs `redis-server`. Prints tables; writes
 * `results/redis.json`, a CSV file for each section, and charts.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';
import { parseOptions } from './redis/options.js';
import { PLOTS } from './redis/plot.js';
import { SECTIONS } from './redis/results.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, SECTIONS);
await keep(options, async () => {
  const csvs = csvFiles('redis', rows, machine);
  const json = loadJson('redis', machine, options, results);
  return [['redis.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
