/** What every section of `bench:map` is asked for, what it hands over, and what its rounds are as lines. */
import type { Row } from '../files.js';
import type { Round } from './statistics.js';

export type { Report, Scale } from '../sections.js';

/** The rounds of one measurement as lines of a CSV file. */
export function roundRows(labels: Row, rounds: readonly Round[]): Row[] {
  return rounds.map(({ wall, cpu }, i) => ({
    ...labels,
    round: i + 1,
    wall_ns: wall.toFixed(2),
    cpu_ns: cpu.toFixed(2),
  }));
}
