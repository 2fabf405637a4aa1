/** All sections of `bench:http` by name: the contenders that speak HTTP, under the load of wrk, or of h2load for HTTP/2. */
import type { Row } from '../files.js';
import { missingProgram } from '../installed.js';
import { HTTP2_NAMES } from '../peers/contenders.js';
import { hold, type LoadProgram, type Setting, type Skipped, skippedOf } from '../peers/contest.js';
import { quickly } from '../peers/extent.js';
import type { PeerOptions } from '../peers/options.js';
import { type ContestResult, contestRows, contestText, resultsOf, skippedText } from '../peers/summary.js';
import type { Report } from '../sections.js';
import { CASES, type SectionName } from './cases.js';
import { h2load } from './h2load.js';
import { wrk } from './wrk.js';

export type HttpOptions = PeerOptions<SectionName>;

export interface SectionResult {
  readonly skipped: readonly Skipped[];
  readonly cases: readonly CaseResult[];
}

interface CaseResult extends Setting {
  readonly results: readonly ContestResult[];
}

export const SECTIONS = {
  plain: (options: HttpOptions) => measure('plain', options),
  pipelined: (options: HttpOptions) => measure('pipelined', options),
  values: (options: HttpOptions) => measure('values', options),
  connections: (options: HttpOptions) => measure('connections', options),
  http2: (options: HttpOptions) => measureHttp2(options),
} satisfies Record<SectionName, (options: HttpOptions) => Promise<Report<SectionResult>>>;

/** What puts the load on the servers. */
interface Program {
  readonly name: string;
  readonly load: (depth: number) => LoadProgram;
  readonly protocol?: 'h2c';
  /** What lines of the CSV file have besides. */
  readonly labelsOf?: (setting: Setting) => Row;
}

const WRK: Program = { name: 'wrk', load: wrk };

const H2LOAD: Program = {
  ...{ name: 'h2load', load: h2load, protocol: 'h2c' },
  labelsOf: ({ reads }) => ({ kind: reads === 1 ? 'reads' : 'writes' }),
};

async function measureHttp2(options: HttpOptions): Promise<Report<SectionResult>> {
  const contenders = options.contenders.filter((name) => HTTP2_NAMES.includes(name));
  return measure('http2', { ...options, contenders }, H2LOAD);
}

async function measure(
  section: SectionName,
  options: HttpOptions,
  { name, load, protocol, labelsOf }: Program = WRK,
): Promise<Report<SectionResult>> {
  const missing = missingProgram(name);
  if (missing !== undefined) throw new Error(`${missing}, which puts the load on the servers`);
  const skipped = skippedOf(options.contenders);
  const measured = [];
  for (const full of CASES[section]) {
    const setting = options.quick ? quickly(full) : full;
    const contest = await hold({ ...options, title: section, setting, load: load(setting.depth), protocol });
    measured.push({ setting, contest, results: resultsOf(contest) });
  }
  return {
    result: { skipped, cases: measured.map(({ setting, results }) => ({ ...setting, results })) },
    rows: measured.flatMap(({ setting, contest }) =>
      contestRows({ seconds: options.seconds, ...labelsOf?.(setting) }, setting, contest),
    ),
    text: [
      measured.map(({ setting, results }) => contestText(setting, results)).join('\n'),
      skippedText(skipped),
    ].join(''),
  };
}
