/**
 * `npm run soak`: a server under mixed load for minutes, whose workers and whose Redis are killed again and again, by clients
 * that know what each answer must be. Needs `redis-server`. Prints tables; writes `results/soak.json` and a CSV file. Ends
 * with exit code 1 when a value was wrong, a write that had been acknowledged was lost, or memory, open files or
 * connections grow.
 */

import { fail, keep, optionsBy, printMachine } from './command.js';
import { csvOf, indented } from './files.js';
import { describeMachine } from './machine.js';
import { parseOptions } from './soak/options.js';
import { PHASE_NAMES, type PhaseResult, runPhase } from './soak/phase.js';
import { reportOf } from './soak/report.js';

/** Seconds from one sample to the next. */
const SAMPLING = 10;
const QUICK_SAMPLING = 1;

const options = optionsBy(parseOptions);
const { minutes, seed, quick } = options;
const machine = describeMachine();
printMachine(machine);
const phases: PhaseResult[] = [];
for (const name of PHASE_NAMES) {
  const seconds = (minutes * 60) / PHASE_NAMES.length;
  process.stderr.write(`${name}: ${seconds.toFixed(0)} s\n`);
  const sampling = quick ? QUICK_SAMPLING : Math.min(SAMPLING, seconds / 12);
  phases.push(await runPhase({ name, seconds, seed, sampling }).catch((error: unknown) => fail(error, 1)));
}
const { result, rows, text } = reportOf(phases, options);
process.stdout.write(`\n${text}`);
await keep({ out: options.out, isComplete: options.isComplete }, async () => {
  const parameters = { minutes, quick };
  const json = `${indented({ benchmark: 'soak', machine, parameters, sections: { soak: result } })}\n`;
  return [
    ['soak.json', json],
    ['soak.csv', csvOf(rows, machine)],
  ];
});
process.exitCode = result.findings.length === 0 ? 0 : 1;
