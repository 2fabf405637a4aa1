/** Both sections of `bench:resp`: hotshard and Redis in turn, operation by operation, depth by depth. */
import { alternate } from '../alternate.js';
import { missingProgram } from '../installed.js';
import { type LoadRound, measureLoad } from '../load/measured.js';
import type { Report } from '../sections.js';
import {
  type Contender,
  type ContenderStart,
  ON_ONE_CORE,
  ON_TWO_CORES,
  OWN,
  startAll,
  stopAll,
} from './contenders.js';
import type { RespOptions, SectionName, TestName } from './options.js';
import { type BenchmarkOrder, redisBenchmark } from './redis-benchmark.js';
import { type CaseResult, caseRows, resultsOf, sectionText } from './summary.js';

type Extent = Pick<BenchmarkOrder, 'connections' | 'keys' | 'valueSize'>;

interface Section extends Pick<BenchmarkOrder, 'processes' | 'core'> {
  readonly contenders: readonly ContenderStart[];
  readonly tests: readonly TestName[];
  readonly depths: readonly number[];
}

/** As the goals have it. */
const FULL: Extent = { connections: 64, keys: 100_000, valueSize: 32 };
const QUICK: Extent = { connections: 8, keys: 1_000, valueSize: 32 };

/** Operations of the first round to warm up, after which rates are known; a JIT wants as many. */
const FIRST_OPERATIONS = 100_000;
/** By depth: redis-benchmark's clock has whole milliseconds. */
const QUICK_OPERATIONS = 2_000;

/** The first has the code compiled, the second shows its rate. */
const WARM_UP_ROUNDS = 2;

/** SET draws its keys: after so many per key, all but one in some ten thousand are there. */
const FILLS_PER_KEY = 10;
const FILL_DEPTH = 64;

export const SECTIONS = {
  'one-core': (options: RespOptions) =>
    measure(options, {
      ...{ contenders: ON_ONE_CORE, processes: 1, core: 'load' },
      ...{ tests: options.tests, depths: options.depths },
    }),
  'two-cores': (options: RespOptions) =>
    measure(options, {
      ...{ contenders: ON_TWO_CORES, processes: 2, core: 'both' },
      tests: options.tests.filter((test) => test === 'get' || test === 'set'),
      depths: options.depths.filter((depth) => depth > 1),
    }),
} satisfies Record<SectionName, (options: RespOptions) => Promise<Report<readonly CaseResult[]>>>;

async function measure(
  options: RespOptions,
  { contenders: starts, tests, depths, ...load }: Section,
): Promise<Report<readonly CaseResult[]>> {
  const missing = missingProgram('redis-server') ?? missingProgram('redis-benchmark');
  if (missing !== undefined) throw new Error(missing);
  const extent = options.quick ? QUICK : FULL;
  const contenders = await startAll(starts);
  try {
    for (const { port } of contenders) {
      const operations = extent.keys * FILLS_PER_KEY;
      await redisBenchmark({ ...extent, ...load, port, test: 'set', operations, depth: FILL_DEPTH });
    }
    const cases = [];
    for (const test of tests) {
      for (const depth of depths) {
        const contest = await hold(contenders, options, { ...extent, ...load, test, depth });
        cases.push({ test, depth, contest });
      }
    }
    const results = cases.flatMap(resultsOf);
    const labels = { connections: extent.connections, keys: extent.keys, value_bytes: extent.valueSize };
    return {
      result: results,
      rows: cases.flatMap((one) => caseRows({ seconds: options.seconds, ...labels }, one)),
      text: sectionText(results),
    };
  } finally {
    await stopAll(contenders);
  }
}

/** One operation at one depth: rounds by contender. */
async function hold(
  contenders: readonly Contender[],
  { rounds, seconds, quick }: RespOptions,
  load: Omit<BenchmarkOrder, 'port' | 'operations'>,
): Promise<Map<string, LoadRound[]>> {
  const subjects = contenders.map(({ name, server, port }) => {
    let operations = quick ? QUICK_OPERATIONS * load.depth : FIRST_OPERATIONS;
    const subject = { server, redis: undefined, hasStats: name === OWN, load: { run: redisBenchmark } };
    const measureOne = async () => {
      const round = await measureLoad(subject, { ...load, port, operations });
      // So that the next one lasts as long as it is to.
      operations = Math.max(load.connections * load.depth, Math.round(round.rate * seconds));
      return round;
    };
    return [name, measureOne] as const;
  });
  const title = `${load.test}, ${load.depth} at once`;
  return alternate(new Map(subjects), rounds, quick ? 1 : WARM_UP_ROUNDS, title);
}
