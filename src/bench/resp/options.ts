/** What `bench:resp` can be told. */
import { z } from 'zod';
import { parseFlags, someOf, textFlag } from '../flags.js';
import { type LoadOptions, loadFlags, loadOptionsOf } from '../load/options.js';

export const SECTION_NAMES = ['one-core', 'two-cores'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** As redis-benchmark calls them. MSET is of 10 keys. */
export const TEST_NAMES = ['set', 'get', 'incr', 'mset'] as const;
export type TestName = (typeof TEST_NAMES)[number];

/** Operations that a connection sends at once. */
const DEPTHS = ['1', '16', '64'] as const;

export type RespOptions = LoadOptions<SectionName> & {
  readonly tests: readonly TestName[];
  readonly depths: readonly number[];
};

const DEFAULTS = {
  script: 'bench:resp',
  names: SECTION_NAMES,
  ...{ rounds: 3, quickRounds: 1, seconds: 2 },
};

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): RespOptions {
  const { flags, shape } = loadFlags(DEFAULTS);
  const { tests, pipelines, ...given } = parseFlags(args, {
    script: DEFAULTS.script,
    flags: {
      ...flags,
      tests: textFlag(`operations to measure, with commas between them: ${TEST_NAMES.join(', ')}`),
      pipelines: textFlag(
        `how many of them are sent at once, with commas between them: ${DEPTHS.join(', ')}`,
      ),
    },
    schema: z.object({
      ...shape,
      tests: someOf(TEST_NAMES).default([...TEST_NAMES]),
      pipelines: someOf(DEPTHS).default([...DEPTHS]),
    }),
  });
  const options = loadOptionsOf(given, DEFAULTS);
  const isAll = tests.length === TEST_NAMES.length && pipelines.length === DEPTHS.length;
  return { ...options, tests, depths: pipelines.map(Number), isComplete: options.isComplete && isAll };
}
