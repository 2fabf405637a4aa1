/** Stacks out of what V8 sampled. */
import { COLLECTING, type Code, type Frame, frameOf } from './frames.js';

/** From the first call to the function that was running. */
export type Stack = readonly Frame[];

/** What `node --prof-process --preprocess` writes. */
interface Samples {
  readonly code: readonly Code[];
  readonly ticks: readonly {
    /** Microseconds since the program began. */
    readonly tm: number;
    /** What V8 was doing. */
    readonly vm: number;
    /** Pairs of a piece of code, -1 where it is not known, and a place in it; what was running comes first. */
    readonly s: readonly number[];
  }[];
}

/** V8's `StateTag::GC`. */
const GC = 1;

/** @param skip milliseconds from the first sample on, that do not count */
export function stacksOf(json: string, skip: number): Stack[] {
  const { code, ticks } = JSON.parse(json) as Samples;
  const frames = code.map(frameOf);
  const first = ticks[0]?.tm ?? 0;
  return ticks
    .filter(({ tm }) => tm > first + skip * 1000)
    .map(({ vm, s }) => {
      const [running, ...callers] = s.filter((_, i) => i % 2 === 0).map((index) => frames[index]);
      // A caller that is not known is often no function at all, but what else stood on the stack.
      const stack = [
        ...callers.filter((frame) => frame !== undefined).reverse(),
        running ?? frameOf(undefined),
      ];
      return merged(vm === GC ? collecting(stack) : stack);
    });
}

/** The collector's own functions become one. */
function collecting(stack: readonly Frame[]): Frame[] {
  const caller = stack.findLastIndex(({ group }) => group !== 'native');
  return [...stack.slice(0, caller + 1), COLLECTING];
}

/** Native code has several frames in a row that nobody can tell apart. */
function merged(stack: readonly Frame[]): Stack {
  return stack.filter((frame, i) => frame.group !== 'native' || frame.name !== stack[i - 1]?.name);
}
