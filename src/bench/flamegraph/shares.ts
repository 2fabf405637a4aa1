/** How much of the time each function, and each group of functions, takes: figures of a flame graph. */
import type { Row } from '../files.js';
import { textTable } from '../text-table.js';
import { type Frame, GROUP_NAMES, GROUPS } from './frames.js';
import type { Stack } from './samples.js';

export interface Share {
  readonly kind: 'group' | 'function';
  readonly name: string;
  /** As the legend names it. */
  readonly group: string;
  /** In which it was running. */
  readonly self: number;
  /** In which it was running, or native code or the collector on its behalf. */
  readonly withNative: number;
  /** In which it was running, or had called what was; NaN for several together. */
  readonly total: number;
}

/** Of all samples: functions with less are not told of one by one. */
const LEAST_SELF = 0.002;
const LEAST_TOTAL = 0.01;
const FUNCTIONS_IN_TEXT = 12;
const OTHERS = 'all others';

/**
 * Groups first, then functions, those with the most time of their own first; self times of each kind add up
 * to all samples.
 */
export function sharesOf(stacks: readonly Stack[]): Share[] {
  const groups = counted(stacks, (frame) => GROUPS[frame.group]);
  const functions = counted(stacks, (frame) => frame.name).sort((a, b) => b.self - a.self);
  const isListed = ({ self, total }: Counted) =>
    self >= LEAST_SELF * stacks.length || total >= LEAST_TOTAL * stacks.length;
  const rest = (measure: 'self' | 'withNative') =>
    functions.filter((one) => !isListed(one)).reduce((sum, one) => sum + one[measure], 0);
  return [
    ...GROUP_NAMES.flatMap((group) => groups.filter(({ name }) => name === GROUPS[group])).map((share) => ({
      kind: 'group' as const,
      ...share,
    })),
    ...functions.filter(isListed).map((share) => ({ kind: 'function' as const, ...share })),
    {
      kind: 'function',
      name: OTHERS,
      group: '',
      self: rest('self'),
      withNative: rest('withNative'),
      total: Number.NaN,
    },
  ];
}

export function shareRows(shares: readonly Share[], samples: number): Row[] {
  return shares.map(({ kind, name, group, self, withNative, total }) => ({
    ...{ kind, name, group },
    self_samples: self,
    self_percent: percent(self, samples),
    with_native_percent: percent(withNative, samples),
    total_percent: percent(total, samples),
  }));
}

export function sharesText(shares: readonly Share[], samples: number): string {
  const lines = (kind: Share['kind']) =>
    shares
      .filter((share) => share.kind === kind)
      .map(({ name, ...share }) => [
        name,
        ...[share.self, share.withNative, share.total].map((part) => percent(part, samples)),
      ]);
  const table = (title: string, rows: readonly string[][]) =>
    textTable([[title, 'self %', 'with native %', 'with all callees %'], ...rows]);
  return `${table('group', lines('group'))}\n${table('function', lines('function').slice(0, FUNCTIONS_IN_TEXT))}`;
}

type Counted = Omit<Share, 'kind'>;

function counted(stacks: readonly Stack[], nameOf: (frame: Frame) => string): Counted[] {
  const all = new Map<string, { -readonly [Name in keyof Counted]: Counted[Name] }>();
  for (const stack of stacks) {
    const running = nameOf(stack[stack.length - 1]);
    const caller = nameOf(
      stack.findLast(({ group }) => group !== 'native' && group !== 'gc') ?? stack[stack.length - 1],
    );
    // Once for each sample, however often it is in the stack.
    for (const [name, frame] of new Map(stack.map((one) => [nameOf(one), one]))) {
      const share = all.get(name) ?? { name, group: GROUPS[frame.group], self: 0, withNative: 0, total: 0 };
      share.total++;
      if (running === name) share.self++;
      if (caller === name) share.withNative++;
      all.set(name, share);
    }
  }
  return [...all.values()];
}

/** Nothing, where it is not known. */
function percent(part: number, all: number): string {
  return Number.isNaN(part) ? '' : ((100 * part) / all).toFixed(2);
}
