/**
 * `npm run bench:scaling`: how the cost of a request, and memory, grow with workers, keys, the length of values and
 * connections. Prints tables; writes `results/scaling.json`, a CSV file for each section, and charts.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';
import { measureConnections } from './scaling/connections.js';
import { measureKeys } from './scaling/keys.js';
import { measureMemory } from './scaling/memory.js';
import { parseOptions } from './scaling/options.js';
import { PLOTS } from './scaling/plot.js';
import { measureValues } from './scaling/values.js';
import { measureWorkers } from './scaling/workers.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, {
  workers: measureWorkers,
  keys: measureKeys,
  values: measureValues,
  connections: measureConnections,
  memory: measureMemory,
});
await keep(options, async () => {
  const csvs = csvFiles('scaling', rows, machine);
  const json = loadJson('scaling', machine, options, results);
  return [['scaling.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
