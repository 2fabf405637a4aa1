/** Runs contenders over a trace, at several sizes of the cache and in every mode, and counts hits. */
import { MIN_MEMORY } from '../../../shards/index.js';
import { Hotshard } from './hotshard.js';
import { POLICIES, type PolicyName } from './policies/index.js';
import type { Policy } from './policies/policy.js';
import { byteSizes, entrySizes, valueSizes } from './sizes.js';
import type { Trace } from './trace.js';

export type ContenderName = PolicyName | 'hotshard';
export const CONTENDER_NAMES = [...(Object.keys(POLICIES) as PolicyName[]), 'hotshard'] as const;

/**
 * - entries: so many keys, for all.
 * - memory: so many bytes, for all. hotshard has to do with them, headers and index included; to the policies, an entry
 *   is only its key and value.
 * - used: hotshard as in "memory", and to the policies just the bytes which its entries took in the end.
 */
export const MODES = ['entries', 'memory', 'used'] as const;
export type Mode = (typeof MODES)[number];

export interface Result {
  readonly trace: string;
  readonly mode: Mode;
  /** Of the trace's keys, or of the bytes of all of them; from 0 to 1. */
  readonly share: number;
  /** Of a policy's entries; to hotshard in the mode "used" as in "memory". */
  readonly capacity: number;
  readonly contender: ContenderName;
  readonly requests: number;
  readonly hits: number;
}

/** With fewer keys than this in the cache, a trace says nothing about that size. */
const LEAST_KEYS = 100;

export interface Selection {
  readonly shares: readonly number[];
  readonly contenders: readonly ContenderName[];
}

type Measurement = Pick<Result, 'mode' | 'capacity' | 'contender' | 'hits'>;

/** By memory, sizes that are less than hotshard's least are left out as well. */
export function measure(trace: Trace, { shares, contenders }: Selection): Result[] {
  const totalBytes = byteSizes(trace).reduce((sum, size) => sum + size, 0);
  return shares.flatMap((share) => {
    const maxKeys = Math.round(trace.keys * share);
    const maxMemory = Math.floor(totalBytes * share);
    if (maxKeys < LEAST_KEYS) return [];
    const measurements = [
      ...measureEntries(trace, maxKeys, contenders),
      ...(maxMemory < MIN_MEMORY ? [] : measureBytes(trace, maxMemory, contenders)),
    ];
    return measurements.map((one) => ({ trace: trace.name, share, requests: trace.requests.length, ...one }));
  });
}

function measureEntries(trace: Trace, maxKeys: number, contenders: readonly ContenderName[]): Measurement[] {
  const { requests } = trace;
  const workload = { requests, sizes: entrySizes(trace) };
  return contenders.map((contender) => {
    const policy =
      contender === 'hotshard' ? Hotshard.ofEntries(maxKeys) : new POLICIES[contender](workload, maxKeys);
    return { mode: 'entries', capacity: maxKeys, contender, hits: countHits(policy, requests) };
  });
}

function measureBytes(trace: Trace, maxMemory: number, contenders: readonly ContenderName[]): Measurement[] {
  const { requests } = trace;
  const workload = { requests, sizes: byteSizes(trace) };
  // There is an optimum of entries only.
  const policies = contenders.filter((name) => name !== 'hotshard' && name !== 'optimum');
  const run = (mode: Mode, capacity: number): Measurement[] =>
    policies.map((contender) => {
      const hits = countHits(new POLICIES[contender](workload, capacity), requests);
      return { mode, capacity, contender, hits };
    });
  if (!contenders.includes('hotshard')) return run('memory', maxMemory);
  const hotshard = Hotshard.ofMemory(maxMemory, valueSizes(trace));
  const own = { capacity: maxMemory, contender: 'hotshard', hits: countHits(hotshard, requests) } as const;
  return [
    ...run('memory', maxMemory),
    { mode: 'memory', ...own },
    ...run('used', hotshard.bytesUsed),
    { mode: 'used', ...own },
  ];
}

export function countHits(policy: Policy, requests: Uint32Array): number {
  let hits = 0;
  for (const id of requests) if (policy.access(id)) hits++;
  return hits;
}
