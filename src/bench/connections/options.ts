/** What `bench:connections` can be told. */
import { type LoadOptions, parseLoadOptions } from '../load/options.js';

/** The path that is asked. */
export const SECTION_NAMES = ['lookup'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

const DEFAULTS = {
  ...{ script: 'bench:connections', names: SECTION_NAMES },
  ...{ rounds: 5, quickRounds: 1, seconds: 1 },
};

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): LoadOptions<SectionName> {
  return parseLoadOptions(args, DEFAULTS);
}
