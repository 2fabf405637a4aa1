/** What `bench:map` can be told. */
import yargs from 'yargs';
import { z } from 'zod';
import type { Scale } from './section.js';

export const SECTION_NAMES = ['contenders', 'threads', 'sizes', 'keys', 'hash', 'memory'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

export interface Options extends Scale {
  /** In the order in which they are run. */
  readonly sections: readonly SectionName[];
  /** Where files go; absent: to `results/` if everything is measured, otherwise nowhere. */
  readonly out: string | undefined;
  /** Everything is measured, in full: the results are worth keeping. */
  readonly isComplete: boolean;
}

const DEFAULT_ROUNDS = 7;
const QUICK_ROUNDS = 3;

const FLAGS = z.object({
  only: z
    .string()
    .transform((text, context) =>
      text.split(',').map((item) => {
        const found = SECTION_NAMES.find((known) => known === item.trim());
        if (found !== undefined) return found;
        context.addIssue(`there is no "${item.trim()}", only ${SECTION_NAMES.join(', ')}`);
        return z.NEVER;
      }),
    )
    .optional(),
  rounds: z
    .string()
    .regex(/^[1-9]\d?$/, 'must be a whole number from 1 to 99')
    .transform(Number)
    .optional(),
  out: z.string().min(1, 'must name a folder').optional(),
  quick: z.boolean(),
});

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): Options {
  const text = (describe: string) => ({ type: 'string', describe, requiresArg: true }) as const;
  const given = yargs([...args])
    .scriptName('npm run bench:map --')
    .usage('$0 [flags]')
    .options({
      only: text(`sections to run, with commas between them: ${SECTION_NAMES.join(', ')}`),
      rounds: text(`measured rounds of each; without it, ${DEFAULT_ROUNDS}`),
      out: text('folder for the files, whatever was measured; without it, results/, and only of all in full'),
      quick: { type: 'boolean', describe: 'fewer rounds, less data', default: false },
    })
    .parserConfiguration({ 'duplicate-arguments-array': false, 'boolean-negation': false })
    .version(false)
    .strict()
    .parseSync();
  const checked = FLAGS.safeParse(given);
  if (!checked.success) {
    throw new Error(
      checked.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'),
    );
  }
  const { only, rounds, out, quick } = checked.data;
  return {
    sections: SECTION_NAMES.filter((name) => only?.includes(name) ?? true),
    rounds: rounds ?? (quick ? QUICK_ROUNDS : DEFAULT_ROUNDS),
    quick,
    out,
    isComplete: only === undefined && !quick && (rounds ?? DEFAULT_ROUNDS) >= DEFAULT_ROUNDS,
  };
}
