/** What `npm run flamegraph` can be told. */
import { z } from 'zod';
import { parseFlags, textFlag, upTo99 } from '../flags.js';
import { type Sections, sectionFlags, sectionsOf } from '../sections.js';
import { SCENARIO_NAMES, type ScenarioName } from './scenarios.js';

/** How long a scenario lasts. */
export interface FlameScale {
  /** Of the load that is sampled. */
  readonly seconds: number;
  /** Of the same load before it, until the code is compiled. */
  readonly warmUpSeconds: number;
}

export type FlameOptions = Sections<ScenarioName> & FlameScale;

const SECONDS = 10;
const WARM_UP_SECONDS = 3;
const QUICK = { seconds: 1, warmUpSeconds: 0.5 } as const;

/** There is one round of each: a flame graph has no median. */
const DEFAULTS = { names: SCENARIO_NAMES, rounds: 1, quickRounds: 1 } as const;

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): FlameOptions {
  const { flags, shape } = sectionFlags(DEFAULTS);
  const { only, out } = flags;
  const { seconds, ...rest } = parseFlags(args, {
    script: 'flamegraph',
    flags: {
      ...{ only, out },
      quick: { type: 'boolean', describe: 'a second of load each', default: false },
      seconds: textFlag(`length of the load that is sampled in seconds; without it, ${SECONDS}`),
    },
    schema: z.object({ only: shape.only, out: shape.out, quick: shape.quick, seconds: upTo99.optional() }),
  });
  const sections = sectionsOf(rest, DEFAULTS);
  return {
    ...sections,
    ...(sections.quick ? QUICK : { seconds: SECONDS, warmUpSeconds: WARM_UP_SECONDS }),
    ...(seconds === undefined ? {} : { seconds }),
    isComplete: sections.isComplete && (seconds ?? SECONDS) >= SECONDS,
  };
}
