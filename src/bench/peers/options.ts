/** What `bench:peers` can be told, and the flag it shares with `bench:http`. */
import { z } from 'zod';
import { parseFlags, someOf, textFlag } from '../flags.js';
import { type LoadOptions, loadFlags, loadOptionsOf } from '../load/options.js';
import { CONTENDER_NAMES, type ContenderName, OWN } from './contenders.js';

const DEFAULTS = {
  script: 'bench:peers',
  names: ['peers'],
  ...{ rounds: 5, quickRounds: 1, seconds: 3 },
} as const;

export type PeerOptions<Section extends string> = LoadOptions<Section> & {
  /** hotshard is always one of them. */
  readonly contenders: readonly ContenderName[];
};

/** For `parseFlags`: the flag that chooses whom hotshard is compared with. */
export function againstFlag<Name extends ContenderName>(names: readonly Name[]) {
  const peers = names.filter((name) => name !== OWN);
  return {
    flags: {
      against: textFlag(`whom to compare hotshard with, with commas between them: ${peers.join(', ')}`),
    } as const,
    shape: { against: someOf(peers).optional() },
  };
}

/** What the flag means: with less than all, the results are not complete. */
export function withContenders<Section extends string>(
  options: LoadOptions<Section>,
  names: readonly ContenderName[],
  against: readonly ContenderName[] | undefined,
): PeerOptions<Section> {
  const contenders = names.filter((name) => name === OWN || (against?.includes(name) ?? true));
  return { ...options, contenders, isComplete: options.isComplete && contenders.length === names.length };
}

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): PeerOptions<'peers'> {
  const { flags, shape } = loadFlags(DEFAULTS);
  const { rounds, seconds, out, quick } = flags;
  const own = againstFlag(CONTENDER_NAMES);
  const { against, ...given } = parseFlags(args, {
    script: DEFAULTS.script,
    flags: { rounds, seconds, out, quick, ...own.flags },
    // There are no sections to choose from.
    schema: z.object({ ...shape, ...own.shape, only: z.undefined().optional() }),
  });
  return withContenders(loadOptionsOf(given, DEFAULTS), CONTENDER_NAMES, against);
}
