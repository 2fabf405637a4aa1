/** What `npm run soak` can be told. */
import { z } from 'zod';
import { folder, parseFlags, textFlag } from '../flags.js';

const MINUTES = 10;
const QUICK_MINUTES = 0.15;

export interface SoakOptions {
  /** Of all phases together, from when each has settled. */
  readonly minutes: number;
  /** Of what clients do; what happens to servers, and when, is not repeated by it. */
  readonly seed: number;
  /** Where files go; absent: to `results/`, unless it is quick. */
  readonly out: string | undefined;
  /** Seconds, to see that it works: too short to judge growth. */
  readonly quick: boolean;
  readonly isComplete: boolean;
}

const decimal = z
  .string()
  .regex(/^\d+(?:\.\d+)?$/, 'must be a number of minutes')
  .transform(Number)
  .pipe(z.number().positive('must be more than 0'));

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): SoakOptions {
  const { minutes, seed, out, quick } = parseFlags(args, {
    script: 'soak',
    flags: {
      minutes: textFlag(
        `how long, all phases together, besides what they take to settle; without it, ${MINUTES}`,
      ),
      seed: textFlag('whole number: what clients do; without it, another one each time'),
      out: textFlag('folder for the files; without it, results/'),
      quick: { type: 'boolean', describe: 'some seconds, and growth is not judged', default: false },
    },
    schema: z.object({
      minutes: decimal.optional(),
      seed: z
        .string()
        .regex(/^\d{1,9}$/, 'must be a whole number')
        .transform(Number)
        .optional(),
      out: folder.optional(),
      quick: z.boolean(),
    }),
  });
  return {
    minutes: minutes ?? (quick ? QUICK_MINUTES : MINUTES),
    seed: seed ?? Math.floor(Math.random() * 1e9),
    out,
    quick,
    isComplete: !quick && (minutes ?? MINUTES) >= MINUTES,
  };
}
