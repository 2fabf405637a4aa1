/** What `bench:redis` can be told, and what all its sections have in common. */
import { type LoadOptions, type LoadScale, parseLoadOptions } from '../load/options.js';

export const SECTION_NAMES = ['compare', 'staleness', 'outage'] as const;
export type SectionName = (typeof SECTION_NAMES)[number];

/** Share of the load that reads. */
export const READS = 0.8;
export const SEED = 20_261_121;

/** What the load of every section is. */
export interface Extent {
  readonly connections: number;
  /** That it asks for, all alike often. */
  readonly keys: number;
}

export function extentOf({ quick }: Pick<LoadScale, 'quick'>): Extent {
  return quick ? { connections: 8, keys: 1_000 } : { connections: 64, keys: 10_000 };
}

const DEFAULTS = { script: 'bench:redis', names: SECTION_NAMES, rounds: 5, quickRounds: 1, seconds: 3 };

/** @throws {Error} naming the flag that is wrong and what is allowed */
export function parseOptions(args: readonly string[]): LoadOptions<SectionName> {
  return parseLoadOptions(args, DEFAULTS);
}
