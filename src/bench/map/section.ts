/** What every section of `bench:map` is asked for, and what it hands over. */
import type { Round } from './statistics.js';

/** How much of it is measured. */
export interface Scale {
  /** Measured rounds; those to warm up come before. */
  readonly rounds: number;
  /** Less of everything: to see that it works, not to keep the figures. */
  readonly quick: boolean;
}

/** A line of a CSV file: a round. */
export type Row = Readonly<Record<string, string | number>>;

export interface Report<Result> {
  /** For `map.json`. */
  readonly result: Result;
  /** For the CSV file: every round as it was measured. */
  readonly rows: readonly Row[];
  /** For the terminal. */
  readonly text: string;
}

/** The rounds of one measurement as lines of a CSV file. */
export function roundRows(labels: Row, rounds: readonly Round[]): Row[] {
  return rounds.map(({ wall, cpu }, i) => ({
    ...labels,
    round: i + 1,
    wall_ns: wall.toFixed(2),
    cpu_ns: cpu.toFixed(2),
  }));
}
