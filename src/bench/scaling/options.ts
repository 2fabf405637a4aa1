/** What `bench:scaling` can be told, and what its sections have in common. */
import { type LoadOptions, type LoadScale, parseLoadOptions } from '../load/options.js';

/** What grows. */
export const SECTION_NAMES = ['workers', 'keys', 'values', 'connections', 'memory'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** Share of the load that reads. */
export const READS = 0.8;
/** Where connections are not what grows. */
export const CONNECTIONS = 64;
/** Where keys are not what grows. */
export const KEYS = 10_000;
const QUICK_KEYS = 100;

export function keysOf({ quick }: Pick<LoadScale, 'quick'>): number {
  return quick ? QUICK_KEYS : KEYS;
}

const DEFAULTS = {
  ...{ script: 'bench:scaling', names: SECTION_NAMES },
  ...{ rounds: 3, quickRounds: 1, seconds: 1 },
};

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): LoadOptions<SectionName> {
  return parseLoadOptions(args, DEFAULTS);
}
