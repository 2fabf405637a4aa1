/** What `bench:telemetry` can be told. */
import { z } from 'zod';
import { folder, parseFlags, textFlag } from '../flags.js';
import { type LoadOptions, loadFlags, loadOptionsOf } from '../load/options.js';

export const SECTION_NAMES = ['count', 'server'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface Options extends LoadOptions<SectionName> {
  /** Folder of another checkout, built, to be measured too. */
  readonly against: string | undefined;
}

const DEFAULTS = {
  ...{ script: 'bench:telemetry', names: SECTION_NAMES },
  ...{ rounds: 9, quickRounds: 2, seconds: 3 },
};

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): Options {
  const { flags, shape } = loadFlags(DEFAULTS);
  const { against, ...given } = parseFlags(args, {
    script: DEFAULTS.script,
    flags: {
      ...flags,
      against: textFlag('folder of another checkout, built, whose server is measured beside this one'),
    },
    schema: z.object({ ...shape, against: folder.optional() }),
  });
  return { ...loadOptionsOf(given, DEFAULTS), against };
}
