/**
 * The maps that `bench:map` compares on one thread, each with loops of its own: one loop for all of them would be
 * compiled for all of them at once, and be slower than what any of them gets in a program that uses it alone.
 */
import { LRUCache } from 'lru-cache';
import { type CacheOptions, SharedCache } from '../../../shards/index.js';
import { arraysOf, type Data, loaderOf, memoryFor, textsOf } from './data.js';
import { createSharedMap } from './shared-map.js';

/** A map that is to hold every key of its data. */
export interface Contender {
  /** Reads the keys with these indices, or those of the absent keys. Returns the sum of the lengths of what it found. */
  read(sequence: Uint32Array, absent: boolean): number;
  /** Stores the values with these indices under their keys. */
  write(sequence: Uint32Array): void;
  /** The value of a key as text; absent: undefined. */
  valueOf(key: string): string | undefined;
  /** Keys held. */
  size(): number;
}

/** Time to live of the contenders that have one: long enough for nothing to expire. */
const TTL = 3_600_000;

export const CONTENDERS = {
  Map: plainMap,
  'lru-cache': (data) => lruCache(data, {}),
  'lru-cache, ttl': (data) => lruCache(data, { ttl: TTL }),
  sharedmap: sharedMap,
  'hotshard, bytes': (data) => packedBytes(data, {}),
  'hotshard, bytes, getInto': packedBytesInto,
  'hotshard, byte objects': byteObjects,
  'hotshard, string keys': (data) => stringKeys(data, {}),
  'hotshard, string keys, ttl': (data) => stringKeys(data, { ttl: TTL }),
  'hotshard, string keys, getInto': stringKeysInto,
  'hotshard, strings': strings,
  'hotshard, lock, 1 shard, bytes': (data) => packedBytes(data, { guard: 'lock', shards: 1 }),
  'hotshard, lock, 16 shards, bytes': (data) => packedBytes(data, { guard: 'lock' }),
} as const satisfies Readonly<Record<string, (data: Data) => Contender>>;

export type ContenderName = keyof typeof CONTENDERS;
export const CONTENDER_NAMES = Object.keys(CONTENDERS) as ContenderName[];

function plainMap(data: Data): Contender {
  const [keys, absentKeys, values] = [textsOf(data.keys), textsOf(data.absent), textsOf(data.values)];
  const map = new Map<string, string>();
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += map.get(asked[index])?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) map.set(keys[index], values[index]);
    },
    valueOf: (key) => map.get(key),
    size: () => map.size,
  };
}

function lruCache(data: Data, options: { readonly ttl?: number }): Contender {
  const [keys, absentKeys, values] = [textsOf(data.keys), textsOf(data.absent), textsOf(data.values)];
  const cache = new LRUCache<string, string>({ max: keys.length, ...options });
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += cache.get(asked[index])?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index], values[index]);
    },
    valueOf: (key) => cache.get(key),
    size: () => cache.size,
  };
}

function sharedMap(data: Data): Contender {
  const [keys, absentKeys, values] = [textsOf(data.keys), textsOf(data.absent), textsOf(data.values)];
  const map = createSharedMap(data.keys.count, data.values.size);
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += map.get(asked[index])?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) map.set(keys[index], values[index]);
    },
    valueOf: (key) => map.get(key),
    size: () => map.length,
  };
}

/**
 * Keys and values as a server has them: bytes in the buffer they were read into, here copied from one that holds them
 * all. The copies are part of the time.
 */
function packedBytes(data: Data, options: Partial<CacheOptions>): Contender {
  const cache = sharedCache(data, options);
  const [loadKey, loadAbsent, loadValue] = [
    loaderOf(data.keys),
    loaderOf(data.absent),
    loaderOf(data.values),
  ];
  return {
    read(sequence, absent) {
      const load = absent ? loadAbsent : loadKey;
      let sum = 0;
      for (const index of sequence) sum += cache.get(load(index))?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(loadKey(index), loadValue(index));
    },
    ...inspected(cache),
  };
}

/** The same, with values copied to where the program wants them. */
function packedBytesInto(data: Data): Contender {
  const cache = sharedCache(data);
  const [loadKey, loadAbsent, loadValue] = [
    loaderOf(data.keys),
    loaderOf(data.absent),
    loaderOf(data.values),
  ];
  const target = new Uint8Array(data.values.size);
  return {
    read(sequence, absent) {
      const load = absent ? loadAbsent : loadKey;
      let sum = 0;
      for (const index of sequence) sum += Math.max(0, cache.getInto(load(index), target));
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(loadKey(index), loadValue(index));
    },
    ...inspected(cache),
  };
}

/** Keys and values as objects of their own: each is another 100 bytes or so that have to come from memory. */
function byteObjects(data: Data): Contender {
  const [keys, absentKeys, values] = [arraysOf(data.keys), arraysOf(data.absent), arraysOf(data.values)];
  const cache = sharedCache(data);
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += cache.get(asked[index])?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index], values[index]);
    },
    ...inspected(cache),
  };
}

function stringKeys(data: Data, options: Partial<CacheOptions>): Contender {
  const [keys, absentKeys, loadValue] = [textsOf(data.keys), textsOf(data.absent), loaderOf(data.values)];
  const cache = sharedCache(data, options);
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += cache.get(asked[index])?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index], loadValue(index));
    },
    ...inspected(cache),
  };
}

function stringKeysInto(data: Data): Contender {
  const [keys, absentKeys, loadValue] = [textsOf(data.keys), textsOf(data.absent), loaderOf(data.values)];
  const cache = sharedCache(data);
  const target = new Uint8Array(data.values.size);
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += Math.max(0, cache.getInto(asked[index], target));
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index], loadValue(index));
    },
    ...inspected(cache),
  };
}

function strings(data: Data): Contender {
  const [keys, absentKeys, values] = [textsOf(data.keys), textsOf(data.absent), textsOf(data.values)];
  const cache = sharedCache(data);
  return {
    read(sequence, absent) {
      const asked = absent ? absentKeys : keys;
      let sum = 0;
      for (const index of sequence) sum += cache.getString(asked[index])?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index], values[index]);
    },
    ...inspected(cache),
  };
}

function sharedCache(data: Data, options: Partial<CacheOptions> = {}): SharedCache {
  return SharedCache.create({ maxMemory: memoryFor(data), ...options });
}

function inspected(cache: SharedCache): Pick<Contender, 'valueOf' | 'size'> {
  return {
    valueOf: (key) => cache.getString(key),
    size: () => cache.size,
  };
}
