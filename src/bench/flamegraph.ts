/**
 * `npm run flamegraph`: what hotshard's main thread does under load, sampled by 0x. For each scenario it writes the
 * interactive page of 0x, a picture of the same stacks, and a CSV file with the shares of functions and of groups of them.
 */
import { csvFiles, keep, optionsBy, printMachine, runSections } from './command.js';
import { type FlameFiles, flameOf } from './flamegraph/flame.js';
import { type FlameOptions, type FlameScale, parseOptions } from './flamegraph/options.js';
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from './flamegraph/scenarios.js';
import { describeMachine } from './machine.js';
import type { Report } from './sections.js';

const options = optionsBy(parseOptions);
const machine = describeMachine();
printMachine(machine);
const sections = Object.fromEntries(
  SCENARIO_NAMES.map((name) => [name, (scale: FlameScale) => flameOf(SCENARIOS[name], machine, scale)]),
) as Record<ScenarioName, (scale: FlameScale) => Promise<Report<FlameFiles>>>;
const { results, rows } = await runSections<Record<ScenarioName, FlameFiles>, FlameOptions>(
  options,
  sections,
);
await keep(options, async () => [
  ...csvFiles('flame', rows, machine),
  ...SCENARIO_NAMES.flatMap((name) => {
    const files = results[name];
    return Object.entries(files ?? {}).map(([type, text]) => [`flame-${name}.${type}`, text] as const);
  }),
]);
