/** What `bench:hitratio` keeps: `hitratio.csv` and `hitratio.json`. */
import type { Row } from '../files.js';
import type { Machine } from '../machine.js';
import { MODES } from './measure.js';
import { lead, losses, meansOf, percentOf, rowsOf, TOLERANCE } from './report.js';
import type { Measured } from './thread.js';

/** For the CSV file: every contender at every size. */
export function resultRows(measured: readonly Measured[]): Row[] {
  return measured.flatMap(({ source, results }) =>
    results.map((result) => {
      const { trace, mode, share, capacity, contender, requests, hits } = result;
      const ratio = (percentOf(result) / 100).toFixed(6);
      return {
        ...{ trace, kind: source.kind, mode, share, capacity, contender, requests, hits },
        hit_ratio: ratio,
      };
    }),
  );
}

/** @param tableShares the sizes that the summary is of */
export function jsonOf(
  measured: readonly Measured[],
  machine: Machine,
  tableShares: readonly number[],
): string {
  const traces = measured.map(({ source, requests, keys }) => ({
    name: source.name,
    kind: source.kind,
    requests,
    keys,
  }));
  const summary = Object.fromEntries(
    MODES.map((mode) => {
      const rows = rowsOf(measured, mode, tableShares);
      const below = losses(rows, TOLERANCE).map(({ trace, share, ratios }) => ({
        trace,
        share,
        points: rounded(lead(ratios, 'LRU') ?? 0),
      }));
      return [
        mode,
        { lines: rows.length, means: roundedMeans(rows), [`belowLruByMoreThan${TOLERANCE}`]: below },
      ];
    }),
  );
  const results = measured.flatMap((one) => one.results);
  const head = JSON.stringify({ benchmark: 'hitratio', machine, traces, summary }, null, 2).slice(0, -2);
  // One result on a line: to be compared by line, and shorter.
  const lines = results.map((result) => `    ${JSON.stringify(result)}`).join(',\n');
  return `${head},\n  "results": [\n${lines}\n  ]\n}\n`;
}

function roundedMeans(rows: Parameters<typeof meansOf>[0]): Record<string, number> {
  return Object.fromEntries([...meansOf(rows)].map(([name, mean]) => [name, rounded(mean)]));
}

function rounded(points: number): number {
  return Number(points.toFixed(2));
}
