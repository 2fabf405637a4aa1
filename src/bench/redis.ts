/**
 * `npm run bench:redis`: hotshard in front of Redis: what it costs and brings next to others, how long it serves what
 * somebody else has changed, and what its users get through an outage. Needs `redis-server`. Prints tables; writes
 * `results/redis.json`, a CSV file for each section, and charts.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { parseOptions } from './redis/options.js';
import { plots } from './redis/plot.js';
import { SECTIONS } from './redis/results.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, SECTIONS);
await keep(options, async () => [
  ['redis.json', loadJson('redis', machine, options, results)],
  ...csvFiles('redis', rows, machine),
  ...(await plots(results)),
]);
