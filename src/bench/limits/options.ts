/** What `bench:limits` can be told. */
import { type LoadOptions, parseLoadOptions } from '../load/options.js';

export const SECTION_NAMES = ['concurrency', 'rate'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

const DEFAULTS = { script: 'bench:limits', names: SECTION_NAMES, rounds: 3, quickRounds: 1, seconds: 5 };

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): LoadOptions<SectionName> {
  return parseLoadOptions(args, DEFAULTS);
}
