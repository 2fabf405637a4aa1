/** The goals of the map, and whether the figures of a run reach them. */

import { type Spread, spreadOf } from '../spread.js';
import { countText, textTable } from '../text-table.js';
import type { ContenderName } from './contender-maps.js';
import type { Operation } from './contender-thread.js';
import type { ContenderResult, ContendersResult } from './contenders.js';
import type { Mix } from './crew-thread.js';
import type { MemoryResult } from './memory.js';
import type { Results } from './results.js';
import type { ThreadContenderName } from './thread-maps.js';
import type { ThreadsLine, ThreadsResult } from './threads.js';

export interface Goal {
  readonly goal: string;
  readonly measured: string;
  readonly reached: boolean;
}

const LEAST_RATE = 8;
const LEAST_SCALING = 1.9;
const LEAST_LEAD = 8;
const MOST_BYTES_PER_ENTRY = 90;

/** Those of the sections that were run. */
export function goalsOf({ contenders, threads, memory }: Results): Goal[] {
  return [
    ...(contenders === undefined ? [] : oneThreadGoals(contenders)),
    ...(threads === undefined ? [] : twoThreadGoals(threads)),
    ...(memory === undefined ? [] : memoryGoals(memory)),
  ];
}

export function summaryText(goals: readonly Goal[]): string {
  const rows = goals.flatMap(({ goal, measured, reached }) => [
    [reached ? 'reached' : 'not reached', goal],
    ['', `  ${measured}`],
  ]);
  return textTable(rows, 2);
}

function oneThreadGoals(section: ContendersResult): Goal[] {
  return [
    ...(['get', 'set'] as const).flatMap((operation) =>
      (['hotshard, string keys', 'hotshard, string keys, ttl'] as const).map((own) =>
        leadGoal(section, operation, own, 'lru-cache, ttl', 1),
      ),
    ),
    ...(['hotshard, bytes', 'hotshard, bytes, getInto', 'hotshard, byte objects'] as const).map((own) =>
      rateGoal(section, own),
    ),
    ...(['get', 'set'] as const).map((operation) =>
      leadGoal(section, operation, 'hotshard, strings', 'sharedmap', LEAST_LEAD),
    ),
  ];
}

/** By CPU time, which varies less than elapsed time where others use the machine. */
function leadGoal(
  section: ContendersResult,
  operation: Operation,
  own: ContenderName,
  other: ContenderName,
  least: number,
): Goal {
  const [mine, theirs] = [own, other].map((name) => find(section, operation, name).cpu.median);
  const lead = theirs / mine;
  return {
    goal: `${operation}: ${own}, ${least === 1 ? 'ahead of' : `at least ${least} times`} ${other}`,
    measured: `${lead.toFixed(2)} times: ${mine.toFixed(0)} ns of CPU against ${theirs.toFixed(0)}`,
    reached: least === 1 ? lead > 1 : lead >= least,
  };
}

function rateGoal(section: ContendersResult, own: ContenderName): Goal {
  const { wall, cpu } = find(section, 'get', own);
  const rate = 1000 / wall.median;
  return {
    goal: `get: ${own}, at least ${LEAST_RATE} million/s`,
    measured: `${rate.toFixed(1)} million/s, ${(1000 / cpu.median).toFixed(1)} by CPU time`,
    reached: rate >= LEAST_RATE,
  };
}

function find(section: ContendersResult, operation: Operation, contender: ContenderName): ContenderResult {
  const found = section.results.find((one) => one.operation === operation && one.contender === contender);
  if (found === undefined) throw new Error(`no figures of ${operation} with ${contender}`);
  return found;
}

function twoThreadGoals(section: ThreadsResult): Goal[] {
  const machine = line(section, '80/20', 'arithmetic, nothing shared').ratio;
  const apart = line(section, '80/20', 'Map, one per thread').ratio;
  const beside = `arithmetic that shares nothing ${machine.median.toFixed(2)}, a Map of its own per thread ${apart.median.toFixed(2)}`;
  return [
    ...(['hotshard', 'hotshard, getInto'] as const).map((own) => {
      const { ratio } = line(section, '80/20', own);
      return {
        goal: `80/20: ${own}, 2 threads at least ${LEAST_SCALING} times 1`,
        measured: `${ratio.median.toFixed(2)} times (${beside})`,
        reached: ratio.median >= LEAST_SCALING,
      };
    }),
    ...(['get', '80/20'] as const).map((mix) => {
      const [own, other] = (['hotshard', 'sharedmap'] as const).map((name) =>
        ratesOfTwo(line(section, mix, name)),
      );
      const lead = own.median / other.median;
      return {
        goal: `${mix}: 2 threads of hotshard, at least ${LEAST_LEAD} times sharedmap`,
        measured: `${lead.toFixed(1)} times: ${own.median.toFixed(2)} million/s against ${other.median.toFixed(2)}`,
        reached: lead >= LEAST_LEAD,
      };
    }),
  ];
}

function line({ results }: ThreadsResult, mix: Mix, contender: ThreadContenderName): ThreadsLine {
  const found = results.find((one) => one.mix === mix && one.contender === contender);
  if (found === undefined) throw new Error(`no figures of ${mix} with ${contender}`);
  return found;
}

function ratesOfTwo({ two }: ThreadsLine): Spread {
  return spreadOf(two.map(({ rate }) => rate));
}

function memoryGoals({ entries, results }: MemoryResult): Goal[] {
  return results
    .filter(({ contender }) => contender === 'hotshard')
    .map(({ allocated = Infinity, evictions = Infinity, found, grown }) => {
      const most = entries * MOST_BYTES_PER_ENTRY;
      return {
        goal: `${countText(entries)} entries in at most ${megabytes(most)} MB all included, no eviction`,
        measured: `${countText(found)} found, ${countText(evictions)} evictions, ${megabytes(allocated)} MB of buffers; the process grew by ${megabytes(grown.median)} MB`,
        // By its buffers: what the process grew by varies by a megabyte from run to run.
        reached: allocated <= most && evictions === 0 && found === entries,
      };
    });
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
