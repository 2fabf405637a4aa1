/** What `bench:map` can be told. */
import { z } from 'zod';
import { parseFlags } from '../flags.js';
import { type Sections, sectionFlags, sectionsOf } from '../sections.js';

export const SECTION_NAMES = ['contenders', 'threads', 'sizes', 'keys', 'hash', 'memory'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export type Options = Sections<SectionName>;

const DEFAULTS = { names: SECTION_NAMES, rounds: 7, quickRounds: 3 };

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): Options {
  const { flags, shape } = sectionFlags(DEFAULTS);
  return sectionsOf(parseFlags(args, { script: 'bench:map', flags, schema: z.object(shape) }), DEFAULTS);
}
