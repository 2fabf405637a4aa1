/** All peers, each in the protocol it speaks, under the project's own closed loop. */
import type { Report } from '../sections.js';
import { hold, type Setting, type Skipped, skippedOf } from './contest.js';
import { quickly, USUAL } from './extent.js';
import type { PeerOptions } from './options.js';
import { type ContestResult, contestRows, contestText, resultsOf, skippedText } from './summary.js';

export interface Comparison extends Setting {
  readonly skipped: readonly Skipped[];
  readonly results: readonly ContestResult[];
}

export async function compare(options: PeerOptions<'peers'>): Promise<Report<Comparison>> {
  const setting = options.quick ? quickly(USUAL) : USUAL;
  const skipped = skippedOf(options.contenders);
  const measured = await hold({ ...options, title: 'peers', setting });
  const results = resultsOf(measured);
  return {
    result: { ...setting, skipped, results },
    rows: contestRows({ seconds: options.seconds }, setting, measured),
    text: contestText(setting, results) + skippedText(skipped),
  };
}
