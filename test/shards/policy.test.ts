/**
 * How often the cache finds what it is asked for, beside exact LRU, on small traces of known kinds. All of them are
 * generated from fixed seeds, and so is the hash function: each run is the same.
 */
import t from 'tap';
import type { CacheOptions } from '../../shards/index.js';
import { createWithSeed } from './collisions.js';
import { Random } from './support.js';

const MIB = 1024 * 1024;
const SEED_OF_HASH = 7;
const KEYS = 1_000;
const LENGTH = 50_000;

/** Numbers from 0 to `count` - 1, the i-th with a frequency of 1 / (i + 1) ^ exponent. */
function zipf(random: Random, count: number, exponent: number): () => number {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += 1 / (i + 1) ** exponent;
    sums[i] = sum;
  }
  return () => {
    const at = (random.next() / 2 ** 32) * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sums[middle] as number) < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

type Trace = readonly string[];

function trace(next: (i: number) => string): Trace {
  return Array.from({ length: LENGTH }, (_, i) => next(i));
}

/** What was new a moment ago is asked for again soon, or never: the older, the more seldom. */
function recent(): Trace {
  const random = new Random(1);
  let newest = 0;
  return trace(() => {
    if (random.chance(4)) newest++;
    return `r${newest - random.below(1 + random.below(1 + random.below(6 * KEYS)))}`;
  });
}

/** A loop over more keys than fit, among keys of which some are asked for more often than others. */
function loopAndZipf(): Trace {
  const random = new Random(2);
  const popular = zipf(random, 20 * KEYS, 0.9);
  let at = 0;
  return trace(() => (random.chance(2) ? `loop${at++ % Math.floor(1.2 * KEYS)}` : `z${popular()}`));
}

/** Popular keys, and now and then a scan of keys that nobody asks for again. */
function zipfWithScans(): Trace {
  const random = new Random(3);
  const popular = zipf(random, 20 * KEYS, 0.9);
  let scanned = 0;
  return trace((i) => (i % 5_000 < 2_000 ? `scan${scanned++}` : `z${popular()}`));
}

/** Asks for each key, and stores what is not there. Returns the part of them that was there. */
function hitRatio(keys: Trace, has: (key: string) => boolean, store: (key: string) => void): number {
  let hits = 0;
  for (const key of keys) {
    if (has(key)) hits++;
    else store(key);
  }
  return hits / keys.length;
}

function ofLru(keys: Trace, limit: number): number {
  const held = new Set<string>();
  const has = (key: string): boolean => {
    if (!held.delete(key)) return false;
    held.add(key);
    return true;
  };
  return hitRatio(keys, has, (key) => {
    const [oldest] = held;
    if (held.size === limit && oldest !== undefined) held.delete(oldest);
    held.add(key);
  });
}

function ofHotshard(keys: Trace, options: CacheOptions, value: Uint8Array): { ratio: number; held: number } {
  const cache = createWithSeed(options, SEED_OF_HASH);
  const { random } = Math;
  const seeded = new Random(4);
  Math.random = () => seeded.next() / 2 ** 32;
  try {
    const has = (key: string): boolean => cache.get(key) !== undefined;
    const ratio = hitRatio(keys, has, (key) => cache.set(key, value));
    return { ratio, held: cache.size };
  } finally {
    Math.random = random;
  }
}

/** The lead over exact LRU with as many keys: in percent of all requests, at least. */
const TRACES = [
  { name: 'recency', keys: recent(), lead: -0.5 },
  { name: 'a loop and zipf 0.9', keys: loopAndZipf(), lead: -0.5 },
  { name: 'zipf 0.9 with scans', keys: zipfWithScans(), lead: 3 },
] as const;

const percent = (ratio: number): number => Math.round(10_000 * ratio) / 100;

for (const { name, keys, lead } of TRACES) {
  t.test(`${name}: ${lead < 0 ? 'no worse than LRU' : 'better than LRU'}`, async (t) => {
    const limits: Readonly<Record<string, CacheOptions>> = {
      'by keys': { maxMemory: 4 * MIB, maxKeys: KEYS },
      'by memory': { maxMemory: MIB / 4 },
    };
    for (const [limit, options] of Object.entries(limits)) {
      const { ratio, held } = ofHotshard(keys, options, new Uint8Array(limit === 'by keys' ? 10 : 180));
      const lru = ofLru(keys, held);
      const gained = percent(ratio - lru);
      t.comment(`${limit}: ${held} keys, ${percent(ratio)} %, LRU ${percent(lru)} %`);
      t.ok(gained >= lead, `${limit}: ${gained} points more than LRU`);
    }
  });
}
