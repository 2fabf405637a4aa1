/**
 * `npm run bench:peers`: hotshard side by side with what else a team could take as a cache: servers of their own with
 * lru-cache, nginx with Lua, Webdis, Redis and memcached, each in the protocol it speaks. Who is not installed is
 * skipped. Prints a table; writes `results/peers.json`, `results/peers.csv` and a chart.
 */
import { fail, keep, optionsBy, printMachine } from './command.js';
import { csvOf } from './files.js';
import { describeMachine } from './machine.js';
import { compare } from './peers/compare.js';
import { parseOptions } from './peers/options.js';
import { PLOTS } from './peers/plot.js';
import { peersJson } from './peers/report.js';
import { drawPlots } from './plot.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { result, rows, text } = await compare(options).catch((error: unknown) => fail(error, 1));
process.stdout.write(`\n${text}`);
await keep(options, async () => {
  const csvs = new Map([['peers.csv', csvOf(rows, machine)]]);
  const json = peersJson('peers', machine, options, { peers: result });
  return [['peers.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
