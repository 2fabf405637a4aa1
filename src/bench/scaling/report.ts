/** What the sections under load hand over, and the columns that their tables have in common. */
import type { Row } from '../files.js';
import type { LoadRound } from '../load/measured.js';
import { type LoadSummary, loadRow, summaryOf } from '../load/summary.js';
import type { Report } from '../sections.js';
import { type Column, type Point, sweepRows, sweepTable } from '../sweep.js';

export interface SweepResult {
  /** Stops that were left out, and why. */
  readonly skipped: readonly string[];
  readonly results: readonly (LoadSummary & { readonly rounds: readonly LoadRound[] })[];
}

interface Contents<Round> {
  /** Above the table. */
  readonly intro: string;
  readonly skipped?: readonly string[];
  readonly labels: Readonly<Record<string, (labels: Row) => string>>;
  readonly columns: readonly Column<Round>[];
  /** Of the CSV file, beside those of any load. */
  readonly rowOf?: (round: Round) => Row;
}

export const RATE: Column<LoadRound> = {
  ...{ title: 'requests/s', digits: 0, hasRange: true },
  of: ({ rate }) => rate,
};
export const MEDIAN: Column<LoadRound> = { title: 'p50 µs', of: ({ latency }) => latency.p50, digits: 0 };
export const P99: Column<LoadRound> = { title: 'p99 µs', of: ({ latency }) => latency.p99, digits: 0 };
export const CPU: Column<LoadRound> = {
  ...{ title: 'CPU µs', digits: 1, hasRange: true },
  of: ({ cpu }) => cpu,
};
export const RESIDENT: Column<LoadRound> = {
  ...{ title: 'resident MB', digits: 0 },
  of: ({ resident }) => resident / 1e6,
};
export const FAILURES: Column<LoadRound> = { title: 'failures', of: ({ failures }) => failures, digits: 0 };

export function reportOf<Round extends LoadRound>(
  points: readonly Point<Round>[],
  { intro, skipped = [], labels, columns, rowOf = () => ({}) }: Contents<Round>,
): Report<SweepResult> {
  return {
    result: {
      skipped,
      results: points.map((point) => ({ ...point.labels, ...summaryOf(point.rounds), rounds: point.rounds })),
    },
    rows: sweepRows(points, (round) => ({ ...loadRow(round), ...rowOf(round) })),
    text: [
      `${intro} Medians. CPU is of the server per request.\n\n`,
      sweepTable(points, labels, columns),
      ...skipped.map((text) => `Left out: ${text}\n`),
    ].join(''),
  };
}
