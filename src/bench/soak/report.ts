/** What the soak hands over: a line for each sample, a summary of each phase, and what is not as it must be. */
import type { Row } from '../files.js';
import type { Report } from '../sections.js';
import { countText, textTable } from '../text-table.js';
import type { SoakOptions } from './options.js';
import type { PhaseResult } from './phase.js';
import { type Growth, growthOf, type Sample, WATCHED, type Watched } from './samples.js';
import { FAILURE_KINDS, KINDS, type Kind, WRONG_KINDS } from './tally.js';

export interface PhaseSummary {
  readonly phase: string;
  readonly seconds: number;
  readonly operations: number;
  readonly counts: Readonly<Record<Kind, number>>;
  readonly restarts: number;
  readonly evictions: number;
  readonly growth: Readonly<Record<Watched, Growth | undefined>>;
  /** The first things that went wrong, a line each. */
  readonly told: readonly string[];
}

export interface SoakResult {
  readonly seed: number;
  readonly phases: readonly PhaseSummary[];
  /** What is not as it must be, a line each. */
  readonly findings: readonly string[];
}

export function reportOf(phases: readonly PhaseResult[], options: SoakOptions): Report<SoakResult> {
  const summaries = phases.map(summaryOf);
  const findings = summaries.flatMap((summary) => findingsOf(summary, options));
  return {
    result: { seed: options.seed, phases: summaries, findings },
    rows: phases.flatMap(({ name, samples }) => samples.map((sample) => rowOf(name, sample))),
    text: textOf(summaries, phases, findings, options),
  };
}

function summaryOf({ name, samples, tally }: PhaseResult): PhaseSummary {
  const last = samples.at(-1);
  const growth = Object.fromEntries(WATCHED.map((watched) => [watched, growthOf(samples, watched)]));
  return {
    phase: name,
    seconds: last?.seconds ?? 0,
    operations: tally.operations,
    counts: tally.counts,
    restarts: last?.restarts ?? 0,
    evictions: last?.evictions ?? 0,
    growth: growth as PhaseSummary['growth'],
    told: tally.told,
  };
}

function findingsOf(
  { phase, operations, counts, growth, told }: PhaseSummary,
  { quick }: SoakOptions,
): string[] {
  const wrong = WRONG_KINDS.filter((kind) => counts[kind] > 0).map(
    (kind) => `${phase}: ${countText(counts[kind])} reads ${kind}`,
  );
  const failures = (['unexpected', 'overdue'] as const)
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${phase}: ${countText(counts[kind])} answers ${kind}`);
  const grown = quick ? [] : WATCHED.filter((watched) => growth[watched]?.isTooMuch === true);
  return [
    ...(operations === 0 ? [`${phase}: nothing was answered`] : []),
    ...wrong,
    ...failures,
    ...grown.map((watched) => {
      const { first = 0, last = 0 } = growth[watched] ?? {};
      return `${phase}: ${watched} has grown from ${countText(Math.round(first))} to ${countText(Math.round(last))}`;
    }),
    ...told.map((line) => `${phase}: ${line}`),
  ];
}

function rowOf(phase: string, sample: Sample): Row {
  const { latency, heaps, counts } = sample;
  const wrong = WRONG_KINDS.reduce((sum, kind) => sum + counts[kind], 0);
  return {
    phase,
    seconds: sample.seconds.toFixed(1),
    operations_per_second: Math.round(sample.rate),
    p50_us: Math.round(latency.p50),
    p99_us: Math.round(latency.p99),
    resident_bytes: sample.residentBytes,
    ...Object.fromEntries(heaps.map((heap, worker) => [`heap_${worker}_bytes`, heap])),
    open_files: sample.openFiles,
    connections: sample.connections,
    worker_restarts: sample.restarts,
    evictions: sample.evictions,
    wrong,
    ...Object.fromEntries(KINDS.map((kind) => [kind.replace(' ', '_'), counts[kind]])),
  };
}

function textOf(
  summaries: readonly PhaseSummary[],
  phases: readonly PhaseResult[],
  findings: readonly string[],
  { seed, quick }: SoakOptions,
): string {
  const header = ['phase', 'operations', 'wrong', ...FAILURE_KINDS, 'evictions', 'kills', 'p99 ms'];
  const rows = summaries.map(({ phase, operations, counts, evictions, restarts }, i) => {
    const latencies = phases[i]?.samples.map(({ latency }) => latency.p99 / 1000) ?? [];
    return [
      phase,
      countText(operations),
      countText(WRONG_KINDS.reduce((sum, kind) => sum + counts[kind], 0)),
      ...FAILURE_KINDS.map((kind) => countText(counts[kind])),
      countText(evictions),
      countText(restarts),
      latencies.length === 0
        ? '-'
        : `${Math.min(...latencies).toFixed(1)} to ${Math.max(...latencies).toFixed(1)}`,
    ];
  });
  return [
    textTable([header, ...rows]),
    '\n',
    textTable([
      ['growth', 'first half', 'last half', 'per minute'],
      ...summaries.flatMap(({ phase, growth }) =>
        WATCHED.map((watched) => growthRow(phase, watched, growth[watched])),
      ),
    ]),
    quick ? '\nToo short to judge growth.\n' : '',
    `\nSeed ${seed}. ${findings.length === 0 ? 'All as it must be.' : 'Not as it must be:'}\n`,
    ...findings.map((finding) => `- ${finding}\n`),
  ].join('');
}

function growthRow(phase: string, watched: Watched, growth: Growth | undefined): string[] {
  const cells =
    growth === undefined
      ? ['-', '-', '-']
      : [growth.first, growth.last, growth.perMinute].map((value) => countText(Math.round(value)));
  return [`${phase}: ${watched}`, ...cells];
}
