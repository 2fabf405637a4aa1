/** What is made of the rounds of a measurement of the map: rates, ratios. */
import { type Spread, spreadOf } from '../spread.js';

/** One round, in nanoseconds per operation. */
export interface Round {
  readonly wall: number;
  /** User and system time of the process: the garbage collector's threads included. */
  readonly cpu: number;
}

/** All rounds of one measurement, in nanoseconds per operation. */
export interface Timed {
  readonly wall: Spread;
  readonly cpu: Spread;
  readonly rounds: readonly Round[];
}

export function timedOf(rounds: readonly Round[]): Timed {
  return {
    wall: spreadOf(rounds.map(({ wall }) => wall)),
    cpu: spreadOf(rounds.map(({ cpu }) => cpu)),
    rounds,
  };
}

/** Millions per second, of nanoseconds each. The shortest time is the highest rate. */
export function rateOf({ median, min, max }: Spread): Spread {
  return { median: 1000 / median, min: 1000 / max, max: 1000 / min };
}

/** Of the first of each round to the second of the same round: what else the machine did met both alike. */
export function ratiosOf(dividends: readonly number[], divisors: readonly number[]): Spread {
  const pairs = Math.min(dividends.length, divisors.length);
  return spreadOf(Array.from({ length: pairs }, (_, i) => dividends[i] / divisors[i]));
}
