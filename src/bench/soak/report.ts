/** What the soak hands over: a line for each sample, what became of each figure, and what is not as it must be. */
import type { Row } from '../files.js';
import { spreadOf } from '../spread.js';
import { countText, textTable } from '../text-table.js';
import { type Growth, growthOf } from './growth.js';
import type { SoakOptions } from './options.js';
import type { PhaseResult } from './phase.js';
import { ALL_WATCHED, type Sample, WATCHED, type Watched } from './samples.js';
import { FAILURE_KINDS, KINDS, type Kind, WRONG_KINDS } from './tally.js';

export interface PhaseSummary {
  readonly phase: string;
  /** Whether workers were killed, and Redis. Where they were not, no request may be refused and no connection lost. */
  readonly hasFaults: boolean;
  readonly seconds: number;
  readonly operations: number;
  readonly counts: Readonly<Record<Kind, number>>;
  readonly restarts: number;
  readonly outages: number;
  readonly evictions: number;
  /** Of the figures that are judged in this phase. Undefined: too few samples to tell. */
  readonly growth: Readonly<Partial<Record<Watched, Growth>>>;
  /** The first things that went wrong, a line each. */
  readonly told: readonly string[];
}

export interface SoakResult {
  readonly seed: number;
  readonly phases: readonly PhaseSummary[];
  /** What is not as it must be, a line each. */
  readonly findings: readonly string[];
}

export interface SoakReport {
  /** For the JSON file. */
  readonly result: SoakResult;
  /** For the CSV files: a line for each sample, and for each figure that is watched. */
  readonly samples: readonly Row[];
  readonly growth: readonly Row[];
  /** For the terminal. */
  readonly text: string;
}

export function reportOf(phases: readonly PhaseResult[], options: SoakOptions): SoakReport {
  const summaries = phases.map(summaryOf);
  const findings = summaries.flatMap((summary) => findingsOf(summary, options));
  return {
    result: { seed: options.seed, phases: summaries, findings },
    samples: phases.flatMap(({ name, samples }) => samples.map((sample) => rowOf(name, sample))),
    growth: summaries.flatMap(growthRows),
    text: textOf(summaries, phases, findings, options),
  };
}

function summaryOf({ name, hasFaults, samples, tally }: PhaseResult): PhaseSummary {
  const last = samples.at(-1);
  const settled = settledOf(samples);
  const growth = Object.fromEntries(
    ALL_WATCHED.filter((watched) => !hasFaults || watched !== 'heapBytes').map((watched) => {
      const points = settled.map((sample) => ({ seconds: sample.seconds, value: sample[watched] }));
      return [watched, growthOf(points, WATCHED[watched])];
    }),
  ) as PhaseSummary['growth'];
  return {
    phase: name,
    hasFaults,
    seconds: last?.seconds ?? 0,
    operations: tally.operations,
    counts: tally.counts,
    restarts: last?.restarts ?? 0,
    outages: last?.outages ?? 0,
    evictions: last?.evictions ?? 0,
    growth,
    told: tally.told,
  };
}

function findingsOf(
  { phase, hasFaults, operations, counts, growth, told }: PhaseSummary,
  { quick }: SoakOptions,
): string[] {
  const wrong = WRONG_KINDS.filter((kind) => counts[kind] > 0).map(
    (kind) => `${phase}: ${countText(counts[kind])} reads ${kind}`,
  );
  const unborne = ['unexpected', 'overdue', ...(hasFaults ? [] : (['refused', 'cut'] as const))] as const;
  const failures = unborne
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${phase}: ${countText(counts[kind])} requests ${kind}`);
  const grown = ALL_WATCHED.flatMap((watched) => {
    const one = growth[watched];
    if (quick || one?.isTooMuch !== true) return [];
    return `${phase}: ${watched} has grown from ${figureText(one.first)} to ${figureText(one.last)}, and ${figureText(one.tolerance)} more is borne`;
  });
  return [
    ...(operations === 0 ? [`${phase}: nothing was answered`] : []),
    ...(quick || growth.residentBytes !== undefined ? [] : [`${phase}: too short to judge growth`]),
    ...[...wrong, ...failures, ...grown],
    ...told.map((line) => `${phase}: ${line}`),
  ];
}

/** Those that are judged for growth. */
function settledOf(samples: readonly Sample[]): Sample[] {
  return samples.filter(({ isSettled }) => isSettled);
}

function rowOf(phase: string, sample: Sample): Row {
  const { latency, heaps, counts } = sample;
  const wrong = WRONG_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
  return {
    phase,
    seconds: sample.seconds.toFixed(1),
    settled: Number(sample.isSettled),
    operations_per_second: Math.round(sample.rate),
    p50_us: Math.round(latency.p50),
    p99_us: Math.round(latency.p99),
    cpu_us_per_operation: figureCell(sample.cpuMicroseconds, 1),
    resident_bytes: sample.residentBytes,
    ...Object.fromEntries(heaps.map((heap, worker) => [`heap_${worker}_bytes`, heap])),
    open_files: figureCell(sample.openFiles, 0),
    threads: figureCell(sample.threads, 0),
    connections: sample.connections,
    worker_restarts: sample.restarts,
    redis_outages: sample.outages,
    evictions: sample.evictions,
    wrong,
    ...Object.fromEntries(KINDS.map((kind) => [kind.replace(' ', '_'), counts[kind]])),
  };
}

/** What was not measured is an empty cell. */
function figureCell(value: number, digits: number): string {
  return Number.isNaN(value) ? '' : value.toFixed(digits);
}

function growthRows({ phase, growth }: PhaseSummary): Row[] {
  return ALL_WATCHED.flatMap((figure) => {
    const one = growth[figure];
    if (one === undefined) return [];
    const [first, last, tolerance] = [one.first, one.last, one.tolerance].map((value) => value.toFixed(1));
    return { phase, figure, first, last, tolerance, too_much: Number(one.isTooMuch) };
  });
}

function textOf(
  summaries: readonly PhaseSummary[],
  phases: readonly PhaseResult[],
  findings: readonly string[],
  { seed, quick }: SoakOptions,
): string {
  const header = [
    'phase',
    'operations',
    'wrong',
    ...FAILURE_KINDS,
    'evictions',
    'kills',
    'outages',
    'p99 ms',
  ];
  const rows = summaries.map(({ phase, operations, counts, evictions, restarts, outages }, i) => {
    const { min, max } = spreadOf(settledOf(phases[i].samples).map(({ latency }) => latency.p99 / 1000));
    return [
      phase,
      countText(operations),
      countText(WRONG_KINDS.reduce((sum, kind) => sum + counts[kind], 0)),
      ...FAILURE_KINDS.map((kind) => countText(counts[kind])),
      ...[evictions, restarts, outages].map(countText),
      Number.isNaN(min) ? '-' : `${min.toFixed(1)} to ${max.toFixed(1)}`,
    ];
  });
  return [
    textTable([header, ...rows]),
    '\n',
    quick
      ? 'Too short to judge growth.\n'
      : textTable([
          ['growth', 'first', 'last', 'borne'],
          ...summaries.flatMap(({ phase, growth }) =>
            ALL_WATCHED.map((watched) => growthLine(phase, watched, growth[watched])),
          ),
        ]),
    `\nSeed ${seed}. ${findings.length === 0 ? 'All as it must be.' : 'Not as it must be:'}\n`,
    ...findings.map((finding) => `- ${finding}\n`),
  ].join('');
}

function growthLine(phase: string, watched: Watched, growth: Growth | undefined): string[] {
  const cells =
    growth === undefined
      ? ['-', '-', '-']
      : [growth.first, growth.last, growth.tolerance].map((value) => figureText(value));
  return [`${phase}: ${watched}`, ...cells];
}

function figureText(value: number): string {
  return countText(Math.round(value));
}
