/** What `bench:telemetry` can be told. */
import { z } from 'zod';
import { folder, parseFlags, textFlag } from '../flags.js';
import { type LoadOptions, loadFlags, loadOptionsOf } from '../load/options.js';

/** `server` is measured where there is a checkout to compare with. */
export const SECTION_NAMES = ['count', 'server'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface Options extends LoadOptions<SectionName> {
  /** Folder of another checkout, built. */
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
  const options = loadOptionsOf(given, DEFAULTS);
  if (given.only?.includes('server') && against === undefined)
    throw new Error('--only server: needs --against');
  const sections = options.sections.filter((name) => name !== 'server' || against !== undefined);
  return { ...options, sections, against };
}
