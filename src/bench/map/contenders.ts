/** Section "contenders": the map alone, on one thread, beside `Map`, lru-cache and sharedmap. */
import type { Worker } from 'node:worker_threads';
import { alternate, WARM_UP_ROUNDS } from '../alternate.js';
import { countText, range, textTable } from '../text-table.js';
import { CONTENDER_NAMES, type ContenderName } from './contender-maps.js';
import { type ContenderThreadOptions, OPERATIONS, type Operation } from './contender-thread.js';
import { ask, endThreads, startThread } from './rounds.js';
import { type Report, roundRows, type Scale } from './section.js';
import { type Round, rateOf, type Timed, timedOf } from './statistics.js';

export interface ContenderResult extends Timed {
  readonly operation: Operation;
  readonly contender: ContenderName;
}

export interface ContendersResult {
  readonly keys: number;
  readonly valueSize: number;
  /** Per round. */
  readonly operations: number;
  readonly results: readonly ContenderResult[];
}

/** What the last column of the table compares with. */
const BASELINE: ContenderName = 'lru-cache, ttl';

const KEYS = 100_000;
const VALUE_SIZE = 35;
const OPERATIONS_PER_ROUND = 400_000;

export async function measureContenders(scale: Scale): Promise<Report<ContendersResult>> {
  const size = {
    keys: scale.quick ? KEYS / 10 : KEYS,
    valueSize: VALUE_SIZE,
    operations: scale.quick ? OPERATIONS_PER_ROUND / 10 : OPERATIONS_PER_ROUND,
  };
  const measured = await measureMaps(CONTENDER_NAMES, OPERATIONS, size, scale.rounds);
  const result = { ...size, results: measured };
  return {
    result,
    rows: measured.flatMap(({ operation, contender, rounds }) => roundRows({ operation, contender }, rounds)),
    text: contendersText(result),
  };
}

/** Each of the contenders with each operation, in threads that are ended afterwards. */
export async function measureMaps<Name extends ContenderName>(
  names: readonly Name[],
  operations: readonly Operation[],
  size: Omit<ContenderThreadOptions, 'contender'>,
  rounds: number,
): Promise<(ContenderResult & { readonly contender: Name })[]> {
  const threads = new Map<Name, Worker>();
  try {
    for (const contender of names) {
      const options: ContenderThreadOptions = { contender, ...size };
      threads.set(contender, await startThread(new URL('./contender-thread.js', import.meta.url), options));
    }
    const results: (ContenderResult & { readonly contender: Name })[] = [];
    for (const operation of operations) {
      const subjects = new Map(
        [...threads].map(([name, thread]) => [name, () => ask<Round>(thread, operation)] as const),
      );
      const measured = await alternate(subjects, rounds, WARM_UP_ROUNDS, operation);
      for (const [contender, all] of measured) results.push({ operation, contender, ...timedOf(all) });
    }
    for (const thread of threads.values()) await ask(thread, 'check');
    return results;
  } finally {
    await endThreads(threads.values());
  }
}

export function contendersText({ keys, valueSize, operations, results }: ContendersResult): string {
  const header = ['', 'contender', 'M ops/s', 'min to max', 'CPU ns/op', 'min to max', `× ${BASELINE}`];
  const rows = results.map(({ operation, contender, wall, cpu }) => {
    const rate = rateOf(wall);
    const baseline = results.find((one) => one.operation === operation && one.contender === BASELINE);
    return [
      operation,
      contender,
      rate.median.toFixed(1),
      range(rate, 1),
      cpu.median.toFixed(0),
      range(cpu, 0),
      ((baseline?.cpu.median ?? Number.NaN) / cpu.median).toFixed(2),
    ];
  });
  return [
    `One thread, ${countText(keys)} UUID keys, ${valueSize}-byte values, ${countText(operations)} operations a round.\n`,
    `Medians. The last column compares CPU time: above 1 is less of it than ${BASELINE} takes.\n\n`,
    textTable([header, ...rows], 2),
  ].join('');
}
