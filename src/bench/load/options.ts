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
  const { flags, shape } = loadFlags(defaults);
  return loadOptionsOf(
    parseFlags(args, { script: defaults.script, flags, schema: z.object(shape) }),
    defaults,
  );
}

/** For `parseFlags`, where a benchmark has flags of its own besides. */
export function loadFlags<Name extends string>(defaults: LoadDefaults<Name>) {
  const { flags, shape } = sectionFlags(defaults);
  return {
    flags: {
      ...flags,
      seconds: textFlag(`length of a round of load in seconds; without it, ${defaults.seconds}`),
    },
    shape: { ...shape, seconds: upTo99.optional() },
  };
}

/** What the checked flags mean. */
export function loadOptionsOf<Name extends string>(
  { seconds, ...given }: Parameters<typeof sectionsOf<Name>>[0] & { readonly seconds?: number | undefined },
  defaults: LoadDefaults<Name>,
): LoadOptions<Name> {
  const sections = sectionsOf(given, defaults);
  return {
    ...sections,
    seconds: seconds ?? (sections.quick ? QUICK_SECONDS : defaults.seconds),
    isComplete: sections.isComplete && (seconds ?? defaults.seconds) >= defaults.seconds,
  };
}
