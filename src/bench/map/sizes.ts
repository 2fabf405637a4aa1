/** Section "sizes": what the length of values costs. */

import { alternate, WARM_UP_ROUNDS } from '../alternate.js';
import { countText, range, sizeText, textTable } from '../text-table.js';
import { ask, endThreads, startThread } from './rounds.js';
import { type Report, roundRows, type Scale } from './section.js';
import {
  OPERATIONS,
  type Operation,
  SIZED_NAMES,
  type SizedName,
  type SizeThreadOptions,
} from './size-thread.js';
import { type Round, rateOf, type Timed, timedOf } from './statistics.js';

export interface SizeResult extends Timed {
  readonly operation: Operation;
  readonly contender: SizedName;
  readonly valueSize: number;
  /** Per round. */
  readonly operations: number;
}

export interface SizesResult {
  readonly keys: number;
  readonly results: readonly SizeResult[];
}

const KIB = 1024;
const VALUE_SIZES = [16, 64, 256, KIB, 4 * KIB, 16 * KIB, 64 * KIB] as const;
const QUICK_VALUE_SIZES = [16, KIB, 64 * KIB] as const;
/** So few that the largest values, twice over, fit into the memory of any machine. */
const KEYS = 1_000;
const MOST_OPERATIONS = 200_000;
/** Bounds the operations of a round where values are large. */
const BYTES_PER_ROUND = 256 * KIB * KIB;

export async function measureSizes({ rounds, quick }: Scale): Promise<Report<SizesResult>> {
  const results: SizeResult[] = [];
  for (const valueSize of quick ? QUICK_VALUE_SIZES : VALUE_SIZES) {
    const bounded = Math.min(MOST_OPERATIONS, Math.floor(BYTES_PER_ROUND / valueSize));
    const operations = quick ? Math.ceil(bounded / 10) : bounded;
    results.push(...(await measureSize(valueSize, operations, rounds)));
  }
  const result = { keys: KEYS, results };
  return {
    result,
    rows: results.flatMap(({ operation, contender, valueSize, rounds: all }) =>
      roundRows({ operation, contender, keys: KEYS, value_size: valueSize }, all),
    ),
    text: sizesText(result),
  };
}

async function measureSize(valueSize: number, operations: number, rounds: number): Promise<SizeResult[]> {
  const threads = await Promise.all(
    SIZED_NAMES.map((contender) => {
      const options: SizeThreadOptions = { contender, keys: KEYS, valueSize, operations };
      return startThread(new URL('./size-thread.js', import.meta.url), options);
    }),
  );
  try {
    const results: SizeResult[] = [];
    for (const operation of OPERATIONS) {
      const subjects = new Map(
        SIZED_NAMES.map((name, i) => [name, () => ask<Round>(threads[i], operation)] as const),
      );
      for (const [contender, all] of await alternate(subjects, rounds, WARM_UP_ROUNDS, operation)) {
        results.push({ operation, contender, valueSize, operations, ...timedOf(all) });
      }
    }
    return results;
  } finally {
    await endThreads(threads);
  }
}

export function sizesText({ keys, results }: SizesResult): string {
  const header = ['', 'contender', 'value', 'M ops/s', 'min to max', 'CPU ns/op', 'min to max', 'GB/s'];
  const sorted = OPERATIONS.flatMap((operation) =>
    SIZED_NAMES.flatMap((name) =>
      results.filter((one) => one.operation === operation && one.contender === name),
    ),
  );
  const rows = sorted.map(({ operation, contender, valueSize, wall, cpu }) => {
    const rate = rateOf(wall);
    return [
      operation,
      contender,
      sizeText(valueSize),
      rate.median.toFixed(2),
      range(rate, 2),
      cpu.median.toFixed(0),
      range(cpu, 0),
      (valueSize / wall.median).toFixed(2),
    ];
  });
  return [
    `One thread, ${countText(keys)} UUID keys as strings, values as bytes, copied in and out by all.\n\n`,
    textTable([header, ...rows], 2),
  ].join('');
}
