/**
 * `npm run bench:rate`: how long answers take at rates from 500 requests per second to more than the server can do, of two
 * ways to run hotshard side by side. Prints tables; writes `results/rate.json`, a CSV file and a chart for each pair.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { indented } from './files.js';
import { isPinned } from './load/pinned.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';
import { measurePair, type PairResult } from './rate/measure.js';
import { parseOptions, type RateOptions } from './rate/options.js';
import { PAIRS } from './rate/pairs.js';
import { PLOTS } from './rate/plot.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections<Record<string, PairResult>, RateOptions>(
  options,
  Object.fromEntries(PAIRS.map((pair) => [pair.name, (given: RateOptions) => measurePair(pair, given)])),
);
await keep(options, async () => {
  const csvs = csvFiles('rate', rows, machine);
  const { rounds, seconds, quick } = options;
  const parameters = { rounds, seconds, quick, isPinned };
  const json = indented({ benchmark: 'rate', machine, parameters, sections: results });
  return [['rate.json', `${json}\n`], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
