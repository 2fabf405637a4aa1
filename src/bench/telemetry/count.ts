/** Nanoseconds per counted request, beside the loop that counts nothing. */

import { timeRound } from '../map/rounds.js';
import type { Report, Scale } from '../sections.js';
import { spreadOf } from '../spread.js';
import { type Column, measureSweep, sweepRows, sweepTable } from '../sweep.js';
import { cases, EMPTY } from './cases.js';

export interface CountResults {
  /** Loops of a round. */
  readonly times: number;
  readonly results: readonly {
    readonly case: string;
    readonly nanoseconds: number;
    readonly aboveEmpty: number;
  }[];
}

interface Round {
  readonly nanoseconds: number;
}

const TIMES = 10_000_000;
const QUICK_TIMES = 10_000;

const COLUMNS: readonly Column<Round>[] = [
  { title: 'ns', of: ({ nanoseconds }) => nanoseconds, digits: 2, hasRange: true },
];

export async function measureCounting({ rounds, quick }: Scale): Promise<Report<CountResults>> {
  const times = quick ? QUICK_TIMES : TIMES;
  let sink = 0;
  const stops = cases().map(({ name, run }) => ({
    labels: { case: name },
    measure: async () => {
      const { wall } = timeRound(times, () => {
        sink += run(times);
      });
      return { nanoseconds: wall };
    },
  }));
  const points = await measureSweep('count', stops, rounds, quick ? 0 : 1);
  if (Number.isNaN(sink)) throw new Error('the loops did nothing');
  const medians = points.map(({ labels, rounds: all }) => ({
    case: String(labels.case),
    nanoseconds: spreadOf(all.map(({ nanoseconds }) => nanoseconds)).median,
  }));
  const empty = medians.find((median) => median.case === EMPTY)?.nanoseconds ?? Number.NaN;
  const results = medians.map((median) => ({ ...median, aboveEmpty: median.nanoseconds - empty }));
  const table = sweepTable(points, { '': (labels) => String(labels.case) }, COLUMNS);
  return {
    result: { times, results },
    rows: sweepRows(points, ({ nanoseconds }) => ({ ns: nanoseconds.toFixed(3) })),
    text: `Nanoseconds of wall time per loop of one thread; medians of ${rounds}.\n\n${table}`,
  };
}
