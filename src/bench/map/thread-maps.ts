/**
 * What section "threads" runs in one thread or two at once: maps that all threads share, and two references that
 * share nothing, to show what the machine itself makes of a second thread.
 */
import { type CacheHandle, type CacheOptions, SharedCache } from '../../../shards/index.js';
import { type Data, loaderOf, memoryFor, textsOf, WRITE } from './data.js';
import { attachSharedMap, createSharedMap } from './shared-map.js';

/** One contender in one thread. */
export interface ThreadMap {
  /** Does the accesses from `from` to before `to`. Returns something that depends on all of them. */
  run(sequence: Uint32Array, from: number, to: number): number;
}

interface ThreadContender {
  /** What all threads are sent: made once, holding all keys. */
  readonly share: (data: Data) => unknown;
  readonly attach: (shared: unknown, data: Data) => ThreadMap;
}

export const THREAD_CONTENDERS = {
  'arithmetic, nothing shared': { share: () => undefined, attach: arithmetic },
  'Map, one per thread': { share: () => undefined, attach: plainMap },
  sharedmap: { share: shareSharedMap, attach: sharedMap },
  hotshard: { share: (data) => shareHotshard(data, {}), attach: hotshard },
  'hotshard, getInto': { share: (data) => shareHotshard(data, {}), attach: hotshardInto },
  'hotshard, lock, 1 shard': {
    share: (data) => shareHotshard(data, { guard: 'lock', shards: 1 }),
    attach: hotshard,
  },
  'hotshard, lock, 16 shards': { share: (data) => shareHotshard(data, { guard: 'lock' }), attach: hotshard },
} as const satisfies Readonly<Record<string, ThreadContender>>;

export type ThreadContenderName = keyof typeof THREAD_CONTENDERS;
export const THREAD_CONTENDER_NAMES = Object.keys(THREAD_CONTENDERS) as ThreadContenderName[];

/** Steps that make about as long an operation as that of a map. */
const STEPS = 64;

/** Marsaglia's xorshift generator: in registers, no step before the one it follows. */
function arithmetic(): ThreadMap {
  let state = 1;
  return {
    run(_, from, to) {
      let x = state;
      for (let i = from; i < to; i++) {
        for (let step = 0; step < STEPS; step++) {
          x ^= x << 13;
          x ^= x >>> 17;
          x ^= x << 5;
        }
      }
      state = x;
      return x;
    },
  };
}

function plainMap(_: unknown, data: Data): ThreadMap {
  const [keys, values] = [textsOf(data.keys), textsOf(data.values)];
  const map = new Map(keys.map((key, i) => [key, values[i]]));
  return {
    run(sequence, from, to) {
      let sum = 0;
      for (let i = from; i < to; i++) {
        const access = sequence[i];
        const index = access & ~WRITE;
        if (access >= WRITE) map.set(keys[index], values[index]);
        else sum += map.get(keys[index])?.length ?? 0;
      }
      return sum;
    },
  };
}

function shareSharedMap(data: Data): unknown {
  const [keys, values] = [textsOf(data.keys), textsOf(data.values)];
  const map = createSharedMap(data.keys.count, data.values.size);
  for (const [i, key] of keys.entries()) map.set(key, values[i]);
  return map;
}

function sharedMap(shared: unknown, data: Data): ThreadMap {
  const [keys, values] = [textsOf(data.keys), textsOf(data.values)];
  const map = attachSharedMap(shared);
  return {
    run(sequence, from, to) {
      let sum = 0;
      for (let i = from; i < to; i++) {
        const access = sequence[i];
        const index = access & ~WRITE;
        if (access >= WRITE) map.set(keys[index], values[index]);
        else sum += map.get(keys[index])?.length ?? 0;
      }
      return sum;
    },
  };
}

function shareHotshard(data: Data, options: Partial<CacheOptions>): CacheHandle {
  const cache = SharedCache.create({ maxMemory: memoryFor(data), ...options });
  const [loadKey, loadValue] = [loaderOf(data.keys), loaderOf(data.values)];
  for (let i = 0; i < data.keys.count; i++) cache.set(loadKey(i), loadValue(i));
  return cache.handle;
}

function hotshard(shared: unknown, data: Data): ThreadMap {
  const cache = SharedCache.attach(shared as CacheHandle);
  const [loadKey, loadValue] = [loaderOf(data.keys), loaderOf(data.values)];
  return {
    run(sequence, from, to) {
      let sum = 0;
      for (let i = from; i < to; i++) {
        const access = sequence[i];
        const index = access & ~WRITE;
        if (access >= WRITE) cache.set(loadKey(index), loadValue(index));
        else sum += cache.get(loadKey(index))?.length ?? 0;
      }
      return sum;
    },
  };
}

function hotshardInto(shared: unknown, data: Data): ThreadMap {
  const cache = SharedCache.attach(shared as CacheHandle);
  const [loadKey, loadValue] = [loaderOf(data.keys), loaderOf(data.values)];
  const target = new Uint8Array(data.values.size);
  return {
    run(sequence, from, to) {
      let sum = 0;
      for (let i = from; i < to; i++) {
        const access = sequence[i];
        const index = access & ~WRITE;
        if (access >= WRITE) cache.set(loadKey(index), loadValue(index));
        else sum += cache.getInto(loadKey(index), target);
      }
      return sum;
    },
  };
}
