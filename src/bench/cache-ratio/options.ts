/** What `bench:cache-ratio` can be told. */
import { type LoadOptions, parseLoadOptions } from '../load/options.js';

/** What stands behind the cache: a section each. */
export const STORES = ['file', 'redis'] as const;
export type Store = (typeof STORES)[number];

const DEFAULTS = { script: 'bench:cache-ratio', names: STORES, rounds: 3, quickRounds: 1, seconds: 2 };

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): LoadOptions<Store> {
  return parseLoadOptions(args, DEFAULTS);
}
