/**
 * `npm run bench:http`: hotshard's HTTP side by side with servers that have the same routes, under the load of wrk: plain,
 * pipelined, with larger values, with many connections; and over HTTP/2 under h2load. Needs `wrk` and `h2load`. Prints tables; writes `results/http.json`, a CSV
 * file for each section, and charts.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { parseOptions } from './http/options.js';
import { PLOTS } from './http/plot.js';
import { SECTIONS } from './http/sections.js';
import { describeMachine } from './machine.js';
import { peersJson } from './peers/report.js';
import { drawPlots } from './plot.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, SECTIONS);
await keep(options, async () => {
  const csvs = csvFiles('http', rows, machine);
  const json = peersJson('http', machine, options, results);
  return [['http.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
