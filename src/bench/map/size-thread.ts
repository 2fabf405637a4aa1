/** The thread of one contender with values of one size: keys are strings, values are bytes, which all of them copy. */
import assert from 'node:assert/strict';
import { workerData } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import { SharedCache } from '../../../shards/index.js';
import { accesses, arraysOf, memoryFor, type Packed, textsOf, uuids, valuesFor } from './data.js';
import { serve, timeRound } from './rounds.js';

export interface SizeThreadOptions {
  readonly contender: SizedName;
  readonly keys: number;
  readonly valueSize: number;
  /** Per round. */
  readonly operations: number;
}

/** `getInto` copies a value to a buffer of the program's, `get` to a new one. */
export const OPERATIONS = ['get', 'getInto', 'set'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The sums are of the lengths of what was found. */
interface SizedMap {
  get(sequence: Uint32Array): number;
  getInto(sequence: Uint32Array): number;
  set(sequence: Uint32Array): void;
}

const MAPS = { 'lru-cache, ttl, copies': lruCache, hotshard } as const satisfies Readonly<
  Record<string, (keys: Packed, values: Packed) => SizedMap>
>;

export type SizedName = keyof typeof MAPS;
export const SIZED_NAMES = Object.keys(MAPS) as SizedName[];

const TTL = 3_600_000;
const SEED = 11;

/** With copies: what is in the cache must not change when the program uses its buffer again, nor the other way round. */
function lruCache(packedKeys: Packed, packedValues: Packed): SizedMap {
  const [keys, values] = [textsOf(packedKeys), arraysOf(packedValues)];
  const target = new Uint8Array(packedValues.size);
  const cache = new LRUCache<string, Buffer>({ max: keys.length, ttl: TTL });
  return {
    get(sequence) {
      let sum = 0;
      for (const index of sequence) {
        const value = cache.get(keys[index]);
        if (value !== undefined) sum += Buffer.from(value).length;
      }
      return sum;
    },
    getInto(sequence) {
      let sum = 0;
      for (const index of sequence) {
        const value = cache.get(keys[index]);
        if (value === undefined) continue;
        target.set(value);
        sum += value.length;
      }
      return sum;
    },
    set(sequence) {
      for (const index of sequence) cache.set(keys[index], Buffer.from(values[index]));
    },
  };
}

function hotshard(packedKeys: Packed, packedValues: Packed): SizedMap {
  const [keys, values] = [textsOf(packedKeys), arraysOf(packedValues)];
  const target = new Uint8Array(packedValues.size);
  const cache = SharedCache.create({ maxMemory: memoryFor({ keys: packedKeys, values: packedValues }) });
  return {
    get(sequence) {
      let sum = 0;
      for (const index of sequence) sum += cache.get(keys[index])?.length ?? 0;
      return sum;
    },
    getInto(sequence) {
      let sum = 0;
      for (const index of sequence) sum += Math.max(0, cache.getInto(keys[index], target));
      return sum;
    },
    set(sequence) {
      for (const index of sequence) cache.set(keys[index], values[index]);
    },
  };
}

function run({ contender, keys: count, valueSize, operations }: SizeThreadOptions): void {
  const keys = uuids(count, SEED);
  const map = MAPS[contender](keys, valuesFor(keys, valueSize));
  const all = Uint32Array.from({ length: count }, (_, i) => i);
  map.set(all);
  const sequence = accesses(count, operations, SEED);
  serve((operation: Operation) => {
    let found = 0;
    const round = timeRound(operations, () => {
      if (operation === 'get') found = map.get(sequence);
      else if (operation === 'getInto') found = map.getInto(sequence);
      else map.set(sequence);
    });
    if (operation !== 'set') assert.equal(found, operations * valueSize, 'every get is a hit');
    else assert.equal(map.get(all), count * valueSize, 'no key is lost');
    return round;
  });
}

// Does nothing when imported for its types in the main thread.
if (workerData !== null) run(workerData as SizeThreadOptions);
