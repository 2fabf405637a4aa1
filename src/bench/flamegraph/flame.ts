/** One scenario: its flame graph in all forms. */
import type { Machine } from '../machine.js';
import type { Report } from '../sections.js';
import { countText } from '../text-table.js';
import { drawFlame } from './draw.js';
import { pageWithoutPaths } from './frames.js';
import type { FlameScale } from './options.js';
import { profile } from './profile.js';
import { stacksOf } from './samples.js';
import type { Scenario } from './scenarios.js';
import { shareRows, sharesOf, sharesText } from './shares.js';
import { treeOf } from './tree.js';

/** Contents by the ends of the files' names. */
export interface FlameFiles {
  readonly html: string;
  readonly svg: string;
}

export async function flameOf(
  scenario: Scenario,
  { node, cpu, commit }: Machine,
  scale: FlameScale,
): Promise<Report<FlameFiles>> {
  const { html, samples, skip, rate } = await profile(scenario, scale);
  const stacks = stacksOf(samples, skip);
  if (stacks.length === 0) throw new Error('nothing was sampled: the load was too short');
  const shares = sharesOf(stacks);
  const svg = drawFlame({
    title: scenario.title,
    subtitle: `${countText(stacks.length)} samples of the main thread by 0x; Node.js ${node.slice(1)}, ${cpu}, commit ${commit}`,
    tree: treeOf(stacks),
    shares,
  });
  const text = `${scenario.title}: ${countText(Math.round(rate))} requests/s, ${countText(stacks.length)} samples\n\n`;
  return {
    result: { html: pageWithoutPaths(html), svg },
    rows: shareRows(shares, stacks.length),
    text: text + sharesText(shares, stacks.length),
  };
}
