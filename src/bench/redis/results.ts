/** All sections of `bench:redis` by name: how each is measured, and what it gives. */
import { type Comparison, compare } from './compare.js';
import { type OutageResult, outage } from './outage.js';
import { type StalenessResult, staleness } from './staleness.js';

interface AllResults {
  readonly compare: Comparison;
  readonly staleness: StalenessResult;
  readonly outage: OutageResult;
}

/** Of the sections that were run. */
export type Results = Partial<AllResults>;

export const SECTIONS = { compare, staleness, outage };
