/** What is made of the rounds of one operation at one depth: spreads, lines of a CSV file, and a table with ratios to Redis. */
import type { Row } from '../files.js';
import type { LoadRound } from '../load/measured.js';
import { type Spread, spreadOf } from '../spread.js';
import { textTable } from '../text-table.js';
import { OWN } from './contenders.js';
import type { TestName } from './options.js';

/** What was measured of all contenders in turn. */
export interface Case {
  readonly test: TestName;
  readonly depth: number;
  readonly contest: ReadonlyMap<string, readonly LoadRound[]>;
}

export interface CaseResult extends Pick<Case, 'test' | 'depth'> {
  readonly contender: string;
  /** Operations per second. */
  readonly rate: Spread;
  /** Microseconds per operation. */
  readonly cpu: Spread;
  /** Operations per second of the server's CPU time. */
  readonly perCore: Spread;
  /** Microseconds. */
  readonly p50: Spread;
  readonly p99: Spread;
  /** Share of the time in which the server had work, 1 = all of one core. */
  readonly busy: Spread;
  /** Round by round, how much more than this one hotshard does per second, and per second of CPU time. hotshard's own are 1. */
  readonly ownRate: Spread;
  readonly ownPerCore: Spread;
}

/** As redis-benchmark prints it, but that it is one operation is said. */
const TITLES: Readonly<Record<TestName, string>> = {
  set: 'SET',
  get: 'GET',
  incr: 'INCR',
  mset: 'MSET of 10 keys',
};

/** A server with less work than this was not what limited the rate. */
const BUSY = 0.9;

export function titleOf(test: TestName): string {
  return TITLES[test];
}

export function resultsOf({ test, depth, contest }: Case): CaseResult[] {
  const own = contest.get(OWN) ?? [];
  return [...contest].map(([contender, rounds]) => ({
    ...{ test, depth, contender },
    rate: spreadOf(rounds.map(({ rate }) => rate)),
    cpu: spreadOf(rounds.map(({ cpu }) => cpu)),
    perCore: spreadOf(rounds.map(perCoreOf)),
    p50: spreadOf(rounds.map(({ latency }) => latency.p50)),
    p99: spreadOf(rounds.map(({ latency }) => latency.p99)),
    busy: spreadOf(rounds.map(({ serverCores }) => serverCores)),
    ownRate: spreadOf(rounds.map(({ rate }, i) => own[i].rate / rate)),
    ownPerCore: spreadOf(rounds.map((round, i) => perCoreOf(own[i]) / perCoreOf(round))),
  }));
}

/** NaN where the round was too short for the system to tell. */
function perCoreOf({ cpu }: LoadRound): number {
  return cpu > 0 ? 1e6 / cpu : Number.NaN;
}

/** A line for each round. */
export function caseRows(labels: Row, { test, depth, contest }: Case): Row[] {
  return [...contest].flatMap(([contender, rounds]) =>
    rounds.map((round, i) => ({
      ...{ ...labels, operation: titleOf(test), depth, contender, round: i + 1 },
      operations_per_second: round.rate.toFixed(0),
      cpu_us_per_operation: round.cpu.toFixed(3),
      operations_per_core_second: perCoreOf(round).toFixed(0),
      p50_us: round.latency.p50,
      p99_us: round.latency.p99,
      server_busy_percent: (100 * round.serverCores).toFixed(1),
      hit_ratio: round.hitRatio?.toFixed(5) ?? '',
      operations: round.requests,
    })),
  );
}

interface Column {
  readonly title: string;
  readonly cell: (result: CaseResult) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'operation', cell: ({ test, depth }) => `${titleOf(test)}, ${depth} at once` },
  { title: 'server', cell: ({ contender }) => contender },
  { title: 'operations/s', cell: ({ rate }) => numberText(rate.median, 0) },
  { title: 'ratio', cell: ({ ownRate }) => numberText(ownRate.median, 2) },
  { title: 'CPU µs', cell: ({ cpu }) => numberText(cpu.median, 2) },
  { title: 'per core', cell: ({ perCore }) => numberText(perCore.median, 0) },
  { title: 'ratio', cell: ({ ownPerCore }) => numberText(ownPerCore.median, 2) },
  {
    title: 'min to max',
    cell: ({ ownPerCore }) => `${numberText(ownPerCore.min, 2)} to ${numberText(ownPerCore.max, 2)}`,
  },
  { title: 'p50 µs', cell: ({ p50 }) => numberText(p50.median, 0) },
  { title: 'p99 µs', cell: ({ p99 }) => numberText(p99.median, 0) },
  { title: 'busy %', cell: ({ busy }) => numberText(100 * busy.median, 0) },
];

export function sectionText(results: readonly CaseResult[]): string {
  const rows = results.map((result) => COLUMNS.map(({ cell }) => cell(result)));
  return [
    'medians; per core: operations per second of CPU time; ratios: hotshard to the server of the line\n',
    textTable([COLUMNS.map(({ title }) => title), ...rows], 2),
    results.some(({ busy }) => busy.median < BUSY)
      ? 'where a server was not busy, the load set the rate: compare what it does per core\n'
      : '',
  ].join('');
}

/** A dash where nothing was measured. */
function numberText(number: number, digits: number): string {
  if (!Number.isFinite(number)) return '–';
  return number.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
