/** What is made of a contest: medians, ratios to hotshard, the lines of a CSV file, and a table that says who is better. */
import type { Row } from '../files.js';
import type { LoadRound } from '../load/measured.js';
import { type LoadSummary, loadRows, summaryOf } from '../load/summary.js';
import { type Spread, spreadOf } from '../spread.js';
import { countText, sizeText, textTable } from '../text-table.js';
import type { ContenderName } from './contenders.js';
import { OWN } from './contenders.js';
import type { ContestRounds, Setting, Skipped } from './contest.js';

export interface ContestResult extends LoadSummary {
  readonly contender: ContenderName;
  /** Of the server and what stands behind it: microseconds per request. */
  readonly totalCpu: Spread;
  /** Share of the time in which the server had work, 0 to 1 = all of one core. */
  readonly busy: Spread;
  /** Bytes, of the server and what stands behind it. */
  readonly resident: Spread;
  /** By its own rounds and hotshard's: a ratio for each. hotshard's own are 1. */
  readonly toOwn: Readonly<Record<MeasureName, Spread>>;
  readonly rounds: readonly LoadRound[];
}

/** What contenders are compared by: a ratio above 1 is better where more is better. */
const MEASURES = {
  'requests/s': { of: ({ rate }: LoadRound) => rate, isMoreBetter: true },
  CPU: { of: totalCpuOf, isMoreBetter: false },
  p50: { of: ({ latency }: LoadRound) => latency.p50, isMoreBetter: false },
  p99: { of: ({ latency }: LoadRound) => latency.p99, isMoreBetter: false },
  memory: { of: ({ resident }: LoadRound) => resident, isMoreBetter: false },
} as const;
type MeasureName = keyof typeof MEASURES;
const MEASURE_NAMES = Object.keys(MEASURES) as MeasureName[];

/** A server with less work than this was not what limited the rate. */
const BUSY = 0.9;
const MIB = 2 ** 20;

function totalCpuOf({ cpu, redisCpu = 0 }: LoadRound): number {
  return cpu + redisCpu;
}

export function resultsOf(contest: readonly ContestRounds[]): ContestResult[] {
  const own = contest.find(({ contender }) => contender === OWN)?.rounds ?? [];
  return contest.map(({ contender, rounds }) => ({
    contender,
    ...summaryOf(rounds),
    totalCpu: spreadOf(rounds.map(totalCpuOf)),
    busy: spreadOf(rounds.map(({ serverCores }) => serverCores)),
    resident: spreadOf(rounds.map(({ resident }) => resident)),
    toOwn: ratiosOf(rounds, own),
    rounds,
  }));
}

function ratiosOf(rounds: readonly LoadRound[], own: readonly LoadRound[]): ContestResult['toOwn'] {
  return Object.fromEntries(
    MEASURE_NAMES.map((name) => {
      const { of } = MEASURES[name];
      return [name, spreadOf(rounds.map((round, i) => of(round) / of(own[i])))];
    }),
  ) as ContestResult['toOwn'];
}

/** By what it is better than hotshard: by the median of the ratios, however little. */
export function betterThanOwn({ toOwn }: Pick<ContestResult, 'toOwn'>): MeasureName[] {
  return MEASURE_NAMES.filter((name) => {
    const { median } = toOwn[name];
    return MEASURES[name].isMoreBetter ? median > 1 : median < 1;
  });
}

/** A line for each round. */
export function contestRows(
  labels: Row,
  { connections, keys, valueSize, depth }: Setting,
  contest: readonly ContestRounds[],
): Row[] {
  const setting = { connections, keys, value_bytes: valueSize, depth };
  return contest.flatMap(({ contender, rounds }) =>
    loadRows({ ...labels, ...setting, contender }, rounds).map((row, i) => ({
      ...row,
      total_cpu_us_per_request: totalCpuOf(rounds[i]).toFixed(2),
      server_busy_percent: (100 * rounds[i].serverCores).toFixed(1),
    })),
  );
}

interface Column {
  readonly title: string;
  readonly cell: (result: ContestResult) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'contender', cell: ({ contender }) => contender },
  { title: 'requests/s', cell: ({ rate }) => countText(Math.round(rate.median)) },
  { title: 'ratio', cell: ({ toOwn }) => ratioText(toOwn['requests/s']) },
  { title: 'CPU µs', cell: ({ cpu }) => numberText(cpu.median, 1) },
  { title: 'Redis CPU µs', cell: ({ redisCpu }) => numberText(redisCpu?.median, 1) },
  { title: 'ratio', cell: ({ toOwn }) => ratioText(toOwn.CPU) },
  { title: 'p50 µs', cell: ({ p50 }) => numberText(p50.median, 0) },
  { title: 'p99 µs', cell: ({ p99 }) => numberText(p99.median, 0) },
  { title: 'busy %', cell: ({ busy }) => numberText(100 * busy.median, 0) },
  { title: 'MiB', cell: ({ resident }) => numberText(resident.median / MIB, 0) },
  { title: 'failures', cell: ({ failures }) => String(failures) },
];

/** Without the columns in which nobody has anything. */
export function contestText(setting: Setting, results: readonly ContestResult[]): string {
  const { connections, keys, valueSize, depth, reads } = setting;
  const alone = reads === 1 ? ', reads alone' : reads === 0 ? ', writes alone' : '';
  const sent = depth === 1 ? '' : `, ${depth} requests sent at once`;
  const columns = COLUMNS.map(({ title, cell }) => [title, ...results.map(cell)]).filter(([, ...cells]) =>
    cells.some((cell) => cell !== ''),
  );
  const rows = ['', ...results].map((_, row) => columns.map((column) => column[row]));
  return [
    `${countText(connections)} connections${alone}${sent}, ${countText(keys)} keys, values of ${sizeText(valueSize)}; medians, ratios to ${OWN}\n`,
    textTable(rows),
    ...results.flatMap(betterText),
    ...notesOf(results),
  ].join('');
}

/** Nothing where nothing was measured. */
function numberText(number: number | undefined, digits: number): string {
  return number === undefined || !Number.isFinite(number) ? '' : number.toFixed(digits);
}

function ratioText({ median }: Spread): string {
  return numberText(median, 2);
}

function betterText(result: ContestResult): string[] {
  const better = betterThanOwn(result).map((name) => `${name} (${ratioText(result.toOwn[name])})`);
  return better.length === 0 ? [] : [`better than ${OWN}: ${result.contender} by ${better.join(', ')}\n`];
}

function notesOf(results: readonly ContestResult[]): string[] {
  const idle = results.filter(({ busy }) => busy.median < BUSY).map(({ contender }) => contender);
  if (idle.length === 0) return [];
  return [`not busy, so that the load set the rate; compare the CPU: ${idle.join(', ')}\n`];
}

export function skippedText(skipped: readonly Skipped[]): string {
  return skipped.map(({ contender, reason }) => `skipped: ${contender}: ${reason}\n`).join('');
}
