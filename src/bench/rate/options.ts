/** What `bench:rate` can be told. */
import { z } from 'zod';
import { parseFlags, textFlag } from '../flags.js';
import { type LoadOptions, loadFlags, loadOptionsOf } from '../load/options.js';
import { PAIR_NAMES } from './pairs.js';

export interface RateOptions extends LoadOptions<string> {
  /** Requests per second, ascending; undefined: chosen by what the servers can do. */
  readonly rates: readonly number[] | undefined;
}

const DEFAULTS = { script: 'bench:rate', names: PAIR_NAMES, rounds: 3, quickRounds: 1, seconds: 5 };

const MOST = 1_000_000;

const rates = z.string().transform((text, context) => {
  const all = text.split(',').map((item) => item.trim());
  for (const item of all) {
    if (!/^\d+$/.test(item) || Number(item) < 1 || Number(item) > MOST) {
      context.addIssue(`"${item}" must be a whole number of requests per second from 1 to ${MOST}`);
    }
  }
  return [...new Set(all.map(Number))].sort((a, b) => a - b);
});

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): RateOptions {
  const { flags, shape } = loadFlags(DEFAULTS);
  const given = parseFlags(args, {
    script: DEFAULTS.script,
    flags: {
      ...flags,
      rates: textFlag('requests per second, with commas between them; without it, chosen by a short probe'),
    },
    schema: z.object({ ...shape, rates: rates.optional() }),
  });
  const options = loadOptionsOf(given, DEFAULTS);
  return { ...options, rates: given.rates, isComplete: options.isComplete && given.rates === undefined };
}
