/** All sections of `bench:http` by name: the contenders that speak HTTP, under the load of wrk. */
import { missingProgram } from '../installed.js';
import { hold, type Setting, type Skipped, skippedOf } from '../peers/contest.js';
import { quickly } from '../peers/extent.js';
import type { PeerOptions } from '../peers/options.js';
import { type ContestResult, contestRows, contestText, resultsOf, skippedText } from '../peers/summary.js';
import type { Report } from '../sections.js';
import { CASES, type SectionName } from './cases.js';
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
} satisfies Record<SectionName, (options: HttpOptions) => Promise<Report<SectionResult>>>;

async function measure(section: SectionName, options: HttpOptions): Promise<Report<SectionResult>> {
  const missing = missingProgram('wrk');
  if (missing !== undefined) throw new Error(`${missing}, which puts the load on the servers`);
  const skipped = skippedOf(options.contenders);
  const measured = [];
  for (const full of CASES[section]) {
    const setting = options.quick ? quickly(full) : full;
    const load = wrk(setting.depth);
    const contest = await hold({ ...options, title: section, setting, load });
    measured.push({ setting, contest, results: resultsOf(contest) });
  }
  return {
    result: { skipped, cases: measured.map(({ setting, results }) => ({ ...setting, results })) },
    rows: measured.flatMap(({ setting, contest }) =>
      contestRows({ seconds: options.seconds }, setting, contest),
    ),
    text: [
      measured.map(({ setting, results }) => contestText(setting, results)).join('\n'),
      skippedText(skipped),
    ].join(''),
  };
}
