/**
 * `npm run soak`: a server under mixed load for minutes, whose workers and whose Redis are killed again and again, by clients
 * that know what each answer must be. Needs `redis-server`. Prints tables; writes `results/soak.json`, CSV files of the
 * samples and of the growth, and a chart. Ends with exit code 1, and says why, when
 *
 * - a value was wrong, or a write that had been acknowledged was lost;
 * - a request was not answered in time, or answered with a status that it must not have (a connection that is lost is no
 *   such request, nor is one that is refused: workers and Redis die);
 * - memory, open files, connections, threads, CPU time per operation or latency grow, once the server has settled.
 *   `soak/growth.ts` says what counts as growth, `soak/samples.ts` how much is borne of each.
 */

import { fail, keep, optionsBy, printMachine } from './command.js';
import { csvOf, indented } from './files.js';
import { describeMachine } from './machine.js';
import { drawPlots } from './plot.js';
import { parseOptions } from './soak/options.js';
import { PHASE_NAMES, type PhaseResult, runPhase, shareOf } from './soak/phase.js';
import { PLOTS } from './soak/plot.js';
import { reportOf } from './soak/report.js';

/** Seconds from one sample to the next, at most; in short phases less, so that there are enough of them. */
const SAMPLING = 2;
const SAMPLES = 60;
const QUICK_SAMPLING = 0.5;

const options = optionsBy(parseOptions);
const { minutes, seed, quick } = options;
const machine = describeMachine();
printMachine(machine);
const phases: PhaseResult[] = [];
for (const name of PHASE_NAMES) {
  const seconds = minutes * 60 * shareOf(name);
  process.stderr.write(`${name}: ${seconds.toFixed(0)} s\n`);
  const sampling = quick ? QUICK_SAMPLING : Math.min(SAMPLING, seconds / SAMPLES);
  const phase = { name, seconds, seed, sampling, settles: !quick };
  phases.push(await runPhase(phase).catch((error: unknown) => fail(error, 1)));
}
const { result, samples, growth, text } = reportOf(phases, options);
process.stdout.write(`\n${text}`);
await keep({ out: options.out, isComplete: options.isComplete }, async () => {
  const parameters = { minutes, quick };
  const json = `${indented({ benchmark: 'soak', machine, parameters, sections: { soak: result } })}\n`;
  const csvs = new Map([['soak.csv', csvOf(samples, machine)]]);
  if (growth.length > 0) csvs.set('soak-growth.csv', csvOf(growth, machine));
  return [['soak.json', json], ...csvs, ...(await drawPlots(PLOTS, csvs))];
});
process.exitCode = result.findings.length === 0 ? 0 : 1;
