/**
 * `npm run bench:telemetry`: what telemetry costs. Nanoseconds per counted request; and, with `--against` and the folder of
 * another checkout, what its server and this one take for the same load. Prints tables; writes `results/telemetry.json` and
 * a CSV file of each section's rounds.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { measureCounting } from './telemetry/count.js';
import { parseOptions } from './telemetry/options.js';
import { measureServers } from './telemetry/server.js';

const options = optionsBy(parseOptions);
const { against = '' } = options;
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, {
  count: measureCounting,
  server: (scale) => measureServers(scale, against),
});
await keep(options, async () => [
  ['telemetry.json', loadJson('telemetry', machine, options, results)],
  ...csvFiles('telemetry', rows, machine),
]);
