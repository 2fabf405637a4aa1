/**
 * `npm run bench:telemetry`: what telemetry costs. Nanoseconds per counted request; and what a server takes for the same
 * load with telemetry and without (`telemetry/without.ts` says what that leaves out), and, with `--against` and the folder
 * of another checkout, beside that one's. Prints tables; writes `results/telemetry.json` and a CSV file of each section's
 * rounds.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { loadJson } from './load/report.js';
import { describeMachine } from './machine.js';
import { measureCounting } from './telemetry/count.js';
import { parseOptions } from './telemetry/options.js';
import { measureServers } from './telemetry/server.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const { results, rows } = await runSections(options, {
  count: measureCounting,
  server: (scale) => measureServers(scale, options.against),
});
await keep(options, async () => [
  ['telemetry.json', loadJson('telemetry', machine, options, results)],
  ...csvFiles('telemetry', rows, machine),
]);
