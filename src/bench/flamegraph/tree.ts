/** Stacks put together: a tree of calls. */
import type { Frame } from './frames.js';
import type { Stack } from './samples.js';

export interface Node {
  readonly frame: Frame;
  /** Samples in it and in what it called. */
  readonly samples: number;
  /** In the order of their names, as in all flame graphs: equal stacks of different pictures are at equal places. */
  readonly children: readonly Node[];
}

/** What is called by nobody. */
export function treeOf(stacks: readonly Stack[], depth = 0): Node[] {
  const byName = new Map<string, Stack[]>();
  for (const stack of stacks) {
    const name = stack[depth]?.name;
    if (name === undefined) continue;
    const same = byName.get(name);
    if (same === undefined) byName.set(name, [stack]);
    else same.push(stack);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, same]) => ({
      frame: same[0][depth],
      samples: same.length,
      children: treeOf(same, depth + 1),
    }));
}
