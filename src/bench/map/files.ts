/** What `bench:map` keeps of all figures: `map.json`. */
import { indented } from '../files.js';
import type { Machine } from '../machine.js';
import type { Options } from './options.js';
import type { Results } from './results.js';
import type { Goal } from './summary.js';

export function jsonOf(
  results: Results,
  goals: readonly Goal[],
  machine: Machine,
  { rounds, quick }: Pick<Options, 'rounds' | 'quick'>,
): string {
  const parameters = { rounds, quick, distribution: 'zipf', exponent: 0.99 };
  const unit = 'nanoseconds per operation, unless named otherwise';
  return `${indented({ benchmark: 'map', machine, parameters, unit, goals, sections: results })}\n`;
}
