/**
 * The maps that `bench:map` compares, each with loops of its own: one loop for all of them would be compiled for all
 * of them at once, and be slower than what any of them gets in a program that uses it alone.
 */
import { LRUCache } from 'lru-cache';
import { SharedCache } from '../../shards/index.js';

/** What a contender is given to work with. Key i and value i are the same in all three forms. */
export interface Data {
  readonly keys: readonly string[];
  readonly values: readonly string[];
  readonly keyBytes: readonly Uint8Array[];
  readonly valueBytes: readonly Uint8Array[];
}

/** A map holding every key of its data. */
export interface Contender {
  /** Reads the keys with these indices. Returns the sum of the lengths of what it found. */
  read(sequence: Uint32Array): number;
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
  'hotshard, bytes': sharedBytes,
  'hotshard, byte objects': sharedByteObjects,
  'hotshard, string keys': (data) => sharedStringKeys(data, 0),
  'hotshard, string keys, ttl': (data) => sharedStringKeys(data, TTL),
  'hotshard, strings': sharedStrings,
} as const satisfies Readonly<Record<string, (data: Data) => Contender>>;

export type ContenderName = keyof typeof CONTENDERS;
export const CONTENDER_NAMES = Object.keys(CONTENDERS) as ContenderName[];

function plainMap({ keys, values }: Data): Contender {
  const map = new Map<string, string>();
  return {
    read(sequence) {
      let sum = 0;
      for (const index of sequence) sum += map.get(keys[index] ?? '')?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) map.set(keys[index] ?? '', values[index] ?? '');
    },
    valueOf: (key) => map.get(key),
    size: () => map.size,
  };
}

function lruCache({ keys, values }: Data, options: { readonly ttl?: number }): Contender {
  const cache = new LRUCache<string, string>({ max: keys.length, ...options });
  return {
    read(sequence) {
      let sum = 0;
      for (const index of sequence) sum += cache.get(keys[index] ?? '')?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index] ?? '', values[index] ?? '');
    },
    valueOf: (key) => cache.get(key),
    size: () => cache.size,
  };
}

const NOTHING = new Uint8Array();

/**
 * Keys and values as a server has them: bytes in the buffer they were read into, here copied from one that holds them
 * all. The copies are part of the time.
 */
function sharedBytes(data: Data): Contender {
  const cache = sharedCache(data);
  const loadKey = fromOneBuffer(data.keyBytes);
  const loadValue = fromOneBuffer(data.valueBytes);
  return {
    read(sequence) {
      let sum = 0;
      for (const index of sequence) sum += cache.get(loadKey(index))?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(loadKey(index), loadValue(index));
    },
    ...inspected(cache),
  };
}

/** Copies one of several arrays of the same length to an array that is used again for the next. */
function fromOneBuffer(arrays: readonly Uint8Array[]): (index: number) => Uint8Array {
  const size = arrays[0]?.length ?? 0;
  const all = new Uint8Array(size * arrays.length);
  for (const [i, bytes] of arrays.entries()) all.set(bytes, i * size);
  const loaded = new Uint8Array(size);
  return (index) => {
    const start = index * size;
    for (let i = 0; i < size; i++) loaded[i] = all[start + i] ?? 0;
    return loaded;
  };
}

/** Keys and values as objects of their own: each is another 100 bytes or so that have to come from memory. */
function sharedByteObjects(data: Data): Contender {
  const { keyBytes, valueBytes } = data;
  const cache = sharedCache(data);
  return {
    read(sequence) {
      let sum = 0;
      for (const index of sequence) sum += cache.get(keyBytes[index] ?? NOTHING)?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keyBytes[index] ?? NOTHING, valueBytes[index] ?? NOTHING);
    },
    ...inspected(cache),
  };
}

function sharedStringKeys(data: Data, ttl: number): Contender {
  const { keys, valueBytes } = data;
  const cache = sharedCache(data, ttl);
  return {
    read(sequence) {
      let sum = 0;
      for (const index of sequence) sum += cache.get(keys[index] ?? '')?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index] ?? '', valueBytes[index] ?? NOTHING);
    },
    ...inspected(cache),
  };
}

function sharedStrings(data: Data): Contender {
  const { keys, values } = data;
  const cache = sharedCache(data);
  return {
    read(sequence) {
      let sum = 0;
      for (const index of sequence) sum += cache.getString(keys[index] ?? '')?.length ?? 0;
      return sum;
    },
    write(sequence) {
      for (const index of sequence) cache.set(keys[index] ?? '', values[index] ?? '');
    },
    ...inspected(cache),
  };
}

/** Bytes an entry takes beside its key and value, rounded up generously: header, expiry, padding, index. */
const OVERHEAD = 48;
const MIN_MEMORY = 16 * 1024 * 1024;

/** Memory for twice the entries, so that nothing is evicted however the writes fall. */
export function memoryFor({ keyBytes, valueBytes }: Data): number {
  const sizes = (bytes: readonly Uint8Array[]) => bytes.reduce((sum, { length }) => sum + length, 0);
  const payload = sizes(keyBytes) + sizes(valueBytes) + keyBytes.length * OVERHEAD;
  return Math.max(MIN_MEMORY, 2 * payload);
}

function sharedCache(data: Data, ttl = 0): SharedCache {
  return SharedCache.create({ maxMemory: memoryFor(data), ttl });
}

function inspected(cache: SharedCache): Pick<Contender, 'valueOf' | 'size'> {
  return {
    valueOf: (key) => cache.getString(key),
    size: () => cache.size,
  };
}
