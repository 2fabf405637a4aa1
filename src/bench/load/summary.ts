/** What is made of the rounds of load on one server: spreads, lines of a CSV file, cells of a table. */
import type { Row } from '../files.js';
import { type Spread, spreadOf } from '../spread.js';
import { range } from '../text-table.js';
import type { LoadRound } from './measured.js';

export interface LoadSummary {
  readonly rate: Spread;
  readonly p50: Spread;
  readonly p99: Spread;
  readonly max: Spread;
  readonly cpu: Spread;
  readonly redisCpu: Spread | undefined;
  readonly hitRatio: Spread | undefined;
  readonly requests: number;
  readonly failures: number;
}

export function summaryOf(rounds: readonly LoadRound[]): LoadSummary {
  return {
    rate: spreadOf(rounds.map(({ rate }) => rate)),
    p50: spreadOf(rounds.map(({ latency }) => latency.p50)),
    p99: spreadOf(rounds.map(({ latency }) => latency.p99)),
    max: spreadOf(rounds.map(({ latency }) => latency.max)),
    cpu: spreadOf(rounds.map(({ cpu }) => cpu)),
    redisCpu: spreadOfDefined(rounds.map(({ redisCpu }) => redisCpu)),
    hitRatio: spreadOfDefined(rounds.map(({ hitRatio }) => hitRatio)),
    requests: rounds.reduce((sum, { requests }) => sum + requests, 0),
    failures: rounds.reduce((sum, { failures }) => sum + failures, 0),
  };
}

/** A line for each round. */
export function loadRows(labels: Row, rounds: readonly LoadRound[]): Row[] {
  return rounds.map((round, i) => ({ ...labels, round: i + 1, ...loadRow(round) }));
}

export function loadRow(round: LoadRound): Row {
  const { rate, latency, cpu, redisCpu, hitRatio, resident, requests, failures } = round;
  return {
    requests_per_second: rate.toFixed(0),
    mean_us: latency.mean.toFixed(1),
    p50_us: latency.p50,
    p75_us: latency.p75,
    p90_us: latency.p90,
    p95_us: latency.p95,
    p99_us: latency.p99,
    p999_us: latency.p999,
    max_us: latency.max,
    cpu_us_per_request: cpu.toFixed(2),
    redis_cpu_us_per_request: redisCpu?.toFixed(2) ?? '',
    hit_ratio: hitRatio?.toFixed(5) ?? '',
    resident_bytes: resident,
    requests,
    failures,
  };
}

export const LOAD_HEADER = [
  'requests/s',
  'min to max',
  'p50 µs',
  'p99 µs',
  'max µs',
  'CPU µs',
  'min to max',
  'Redis CPU µs',
  'hits %',
  'failures',
];

export function loadCells(summary: LoadSummary): string[] {
  const { rate, p50, p99, max, cpu, redisCpu, hitRatio, failures } = summary;
  return [
    rate.median.toFixed(0),
    range(rate, 0),
    p50.median.toFixed(0),
    p99.median.toFixed(0),
    max.median.toFixed(0),
    cpu.median.toFixed(1),
    range(cpu, 1),
    redisCpu?.median.toFixed(1) ?? '',
    hitRatio === undefined ? '' : (100 * hitRatio.median).toFixed(2),
    String(failures),
  ];
}

function spreadOfDefined(values: readonly (number | undefined)[]): Spread | undefined {
  const defined = values.filter((value) => value !== undefined);
  return defined.length === 0 ? undefined : spreadOf(defined);
}
