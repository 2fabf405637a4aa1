/** What `bench:http` can be told. */
import { z } from 'zod';
import { parseFlags } from '../flags.js';
import { loadFlags, loadOptionsOf } from '../load/options.js';
import { HTTP_NAMES } from '../peers/contenders.js';
import { againstFlag, type PeerOptions, withContenders } from '../peers/options.js';
import { SECTION_NAMES, type SectionName } from './cases.js';

const DEFAULTS = {
  script: 'bench:http',
  names: SECTION_NAMES,
  ...{ rounds: 5, quickRounds: 1, seconds: 3 },
};

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): PeerOptions<SectionName> {
  const { flags, shape } = loadFlags(DEFAULTS);
  const own = againstFlag(HTTP_NAMES);
  const { against, ...given } = parseFlags(args, {
    script: DEFAULTS.script,
    flags: { ...flags, ...own.flags },
    schema: z.object({ ...shape, ...own.shape }),
  });
  return withContenders(loadOptionsOf(given, DEFAULTS), HTTP_NAMES, against);
}
