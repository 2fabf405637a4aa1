/** Section "keys": what the number of keys costs, from those that stay in the processor's caches to those that don't. */

import { countText, range, textTable } from '../text-table.js';
import type { ContenderName } from './contender-maps.js';
import type { Operation } from './contender-thread.js';
import { type ContenderResult, measureMaps } from './contenders.js';
import { type Report, roundRows, type Scale } from './section.js';
import { rateOf } from './statistics.js';

export interface KeysResult {
  readonly valueSize: number;
  /** Per round. */
  readonly operations: number;
  readonly results: readonly (ContenderResult & { readonly keys: number })[];
}

const KEY_COUNTS = [1_000, 10_000, 100_000, 1_000_000] as const;
const QUICK_KEY_COUNTS = KEY_COUNTS.slice(0, 2);
const VALUE_SIZE = 35;
const OPERATIONS_PER_ROUND = 300_000;

const NAMES = [
  'Map',
  'lru-cache, ttl',
  'hotshard, bytes',
  'hotshard, string keys',
] as const satisfies readonly ContenderName[];

const OPERATIONS = ['get', 'set'] as const satisfies readonly Operation[];

export async function measureKeys({ rounds, quick }: Scale): Promise<Report<KeysResult>> {
  const operations = quick ? OPERATIONS_PER_ROUND / 10 : OPERATIONS_PER_ROUND;
  const results: (ContenderResult & { readonly keys: number })[] = [];
  for (const keys of quick ? QUICK_KEY_COUNTS : KEY_COUNTS) {
    const measured = await measureMaps(
      NAMES,
      OPERATIONS,
      { keys, valueSize: VALUE_SIZE, operations },
      rounds,
    );
    results.push(...measured.map((result) => ({ keys, ...result })));
  }
  const result = { valueSize: VALUE_SIZE, operations, results };
  return {
    result,
    rows: results.flatMap(({ keys, operation, contender, rounds: all }) =>
      roundRows({ operation, contender, keys, value_size: VALUE_SIZE }, all),
    ),
    text: keysText(result),
  };
}

export function keysText({ valueSize, results }: KeysResult): string {
  const header = ['', 'contender', 'keys', 'M ops/s', 'min to max', 'CPU ns/op', 'min to max'];
  const sorted = OPERATIONS.flatMap((operation) =>
    NAMES.flatMap((name) => results.filter((one) => one.operation === operation && one.contender === name)),
  );
  const rows = sorted.map(({ operation, contender, keys, wall, cpu }) => {
    const rate = rateOf(wall);
    return [
      operation,
      contender,
      countText(keys),
      rate.median.toFixed(1),
      range(rate, 1),
      cpu.median.toFixed(0),
      range(cpu, 0),
    ];
  });
  return `One thread, UUID keys, ${valueSize}-byte values; every get a hit.\n\n${textTable([header, ...rows], 2)}`;
}
