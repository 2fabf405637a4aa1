/**
 * `npm run bench:map`: the map alone, beside others: on one thread and on two, by length of the values and number of keys,
 * its hash function, its memory. Prints tables and how they compare to the goals; writes `results/map.json`, a CSV file
 * of each section's rounds, and charts.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { describeMachine } from './machine.js';
import { jsonOf } from './map/files.js';
import { parseOptions } from './map/options.js';
import { PLOTS } from './map/plot.js';
import { SECTIONS } from './map/results.js';
import { goalsOf, summaryText } from './map/summary.js';
import { drawPlots } from './plot.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, SECTIONS);
const goals = goalsOf(results);
if (goals.length > 0) process.stdout.write(`\nGoals\n\n${summaryText(goals)}`);
await keep(options, async () => {
  const csvs = csvFiles('map', rows, machine);
  const json = jsonOf(results, goals, machine, options);
  return [['map.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
