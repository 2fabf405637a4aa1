/** Puts the hits of all contenders side by side, and finds where hotshard does well and where it does not. */
import type { ContenderName, Mode, Result } from './measure.js';
import type { Measured } from './thread.js';

/** Points below exact LRU that are too many. */
export const TOLERANCE = 0.5;

/** One trace at one size. */
export interface Row {
  readonly trace: string;
  readonly isReal: boolean;
  readonly share: number;
  /** Hit ratios in percent. */
  readonly ratios: ReadonlyMap<ContenderName, number>;
}

export function percentOf({ hits, requests }: Pick<Result, 'hits' | 'requests'>): number {
  return (100 * hits) / requests;
}

/** By trace, then by size. */
export function rowsOf(measured: readonly Measured[], mode: Mode, shares: readonly number[]): Row[] {
  return measured.flatMap(({ source, results }) =>
    shares.flatMap((share) => {
      const here = results.filter((result) => result.mode === mode && result.share === share);
      if (here.length === 0) return [];
      const ratios = new Map(here.map((result) => [result.contender, percentOf(result)]));
      return [{ trace: source.name, isReal: source.kind === 'real', share, ratios }];
    }),
  );
}

/** Of the rows, for every contender that is in all of them. */
export function meansOf(rows: readonly Row[]): Map<ContenderName, number> {
  const means = new Map<ContenderName, number>();
  for (const name of rows[0]?.ratios.keys() ?? []) {
    const ratios = rows.flatMap((row) => row.ratios.get(name) ?? []);
    if (ratios.length === rows.length)
      means.set(name, ratios.reduce((sum, ratio) => sum + ratio) / rows.length);
  }
  return means;
}

/** Points by which hotshard is above another; undefined when one of them did not run. */
export function lead(ratios: ReadonlyMap<ContenderName, number>, over: ContenderName): number | undefined {
  const own = ratios.get('hotshard');
  const other = ratios.get(over);
  return own === undefined || other === undefined ? undefined : own - other;
}

/** Rows in which hotshard is below LRU by more than so many points, the worst first. */
export function losses(rows: readonly Row[], tolerance: number): Row[] {
  const leadOf = ({ ratios }: Row) => lead(ratios, 'LRU') ?? 0;
  return rows.filter((row) => leadOf(row) < -tolerance).sort((a, b) => leadOf(a) - leadOf(b));
}
