/** What the benchmarks' command lines have in common. */
import yargs from 'yargs';
import { z } from 'zod';

/** How a flag that takes a value is described to yargs. zod decides what the value may be. */
export function textFlag(describe: string) {
  return { type: 'string', describe, requiresArg: true } as const;
}

export const upTo99 = z
  .string()
  .regex(/^[1-9]\d?$/, 'must be a whole number from 1 to 99')
  .transform(Number);

export const folder = z.string().min(1, 'must name a folder');

/** Some of the known names, with commas between them, in any case; in the order of the known. */
export function someOf<Name extends string>(known: readonly Name[]) {
  return z.string().transform((text, context) => {
    const given = text.split(',').map((item) => item.trim());
    const lower = given.map((item) => item.toLowerCase());
    const wrong = given.filter((_, i) => !known.some((name) => name.toLowerCase() === lower[i]));
    for (const item of wrong) context.addIssue(`there is no "${item}", only ${known.join(', ')}`);
    return known.filter((name) => lower.includes(name.toLowerCase()));
  });
}

interface Flags<Values> {
  /** Of npm's. */
  readonly script: string;
  readonly flags: Parameters<ReturnType<typeof yargs>['options']>[0];
  readonly schema: z.ZodType<Values>;
}

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseFlags<Values>(
  args: readonly string[],
  { script, flags, schema }: Flags<Values>,
): Values {
  const given = yargs([...args])
    .scriptName(`npm run ${script} --`)
    .usage('$0 [flags]')
    .options(flags)
    .parserConfiguration({ 'duplicate-arguments-array': false, 'boolean-negation': false })
    .version(false)
    .strict()
    .fail(false) // throws, instead of printing all flags and ending the program
    .parseSync();
  const checked = schema.safeParse(given);
  if (checked.success) return checked.data;
  throw new Error(
    checked.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('\n'),
  );
}
