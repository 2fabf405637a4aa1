/** What the benchmarks of servers under load can be told. */
import { z } from 'zod';
import { parseFlags, textFlag, upTo99 } from '../flags.js';
import { type Scale, type SectionDefaults, type Sections, sectionFlags, sectionsOf } from '../sections.js';

export interface LoadScale extends Scale {
  /** Of one round. */
  readonly seconds: number;
}

export type LoadOptions<Name extends string> = LoadScale & Sections<Name>;

export interface LoadDefaults<Name extends string> extends SectionDefaults<Name> {
  readonly script: string;
  readonly seconds: number;
}

const QUICK_SECONDS = 0.1;

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseLoadOptions<Name extends string>(
  args: readonly string[],
  defaults: LoadDefaults<Name>,
): LoadOptions<Name> {
  const { flags, shape } = sectionFlags(defaults);
  const { seconds, ...rest } = parseFlags(args, {
    script: defaults.script,
    flags: {
      ...flags,
      seconds: textFlag(`length of a round of load in seconds; without it, ${defaults.seconds}`),
    },
    schema: z.object({ ...shape, seconds: upTo99.optional() }),
  });
  const sections = sectionsOf(rest, defaults);
  return {
    ...sections,
    seconds: seconds ?? (sections.quick ? QUICK_SECONDS : defaults.seconds),
    isComplete: sections.isComplete && (seconds ?? defaults.seconds) >= defaults.seconds,
  };
}
