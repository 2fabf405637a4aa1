/**
 * Made-up access traces, each of one pattern in its pure form, so that it is seen what a policy does about it. The same
 * on every run: all of them are drawn with a fixed seed.
 */
import { randomNumbers, shuffled, zipfRanks } from '../zipf.js';
import { type Trace, traceOf } from './trace.js';

const SEED = 1;

/** Numbers that are made up request by request. */
type Pattern = () => number;

interface Recipe {
  readonly requests: number;
  readonly pattern: (random: () => number) => Pattern;
}

const RECIPES = {
  /** Popularity as in many caches, and nothing else: no key's share ever changes. */
  'zipf-0.7': { requests: 300_000, pattern: (random) => zipf(random, 50_000, 0.7) },
  'zipf-0.9': { requests: 300_000, pattern: (random) => zipf(random, 50_000, 0.9) },
  'zipf-1.1': { requests: 300_000, pattern: (random) => zipf(random, 50_000, 1.1) },
  /** Popular keys are replaced by others: one after every 100, or 10, requests. */
  'zipf-shift-slow': { requests: 300_000, pattern: (random) => shiftingZipf(random, 30_000, 0.9, 100) },
  'zipf-shift-fast': { requests: 300_000, pattern: (random) => shiftingZipf(random, 30_000, 0.9, 10) },
  /** Like a nightly report in a shop: after every 15,000 requests, 5,000 keys in a row that nobody else wants. */
  scan: {
    requests: 400_000,
    pattern: (random) => scanning(zipf(random, 15_000, 0.9), 15_000, 5_000, 30_000),
  },
  /** 10,000 keys in a row, over and over: LRU always drops just what comes next. */
  loop: { requests: 200_000, pattern: () => loop(10_000) },
  /** What was asked for a short while ago is asked for again, whatever it is: made for LRU. */
  recency: { requests: 400_000, pattern: (random) => recency(random, 0.05) },
  /** News: every fourth request is for a new key; the others are for one of the last few hundred that came. */
  arrivals: { requests: 200_000, pattern: (random) => arrivals(random, 0.25, 200) },
  /** Popularity, news and a loop beside each other. */
  mixed: {
    requests: 400_000,
    pattern: (random) =>
      mixed(random, [
        [0.5, zipf(random, 20_000, 0.9)],
        [0.3, arrivals(random, 0.1, 200)],
        [0.2, loop(8_000)],
      ]),
  },
} as const satisfies Readonly<Record<string, Recipe>>;

export type GeneratedName = keyof typeof RECIPES;
export const GENERATED_NAMES = Object.keys(RECIPES) as GeneratedName[];

/** @param share of the requests that the trace has in full */
export function generate(name: GeneratedName, share = 1): Trace {
  const { requests, pattern } = RECIPES[name];
  const next = pattern(randomNumbers(SEED));
  return traceOf(name, Uint32Array.from({ length: Math.round(requests * share) }, next));
}

/** Ranks are keys: dense ids hide which rank a key has. */
function zipf(random: () => number, keys: number, exponent: number): Pattern {
  return zipfRanks(keys, exponent, random);
}

/**
 * After every `period` requests, a key drawn as for a request, hence a popular one mostly, changes places with any key.
 */
function shiftingZipf(random: () => number, keys: number, exponent: number, period: number): Pattern {
  const nextRank = zipfRanks(keys, exponent, random);
  const keyOfRank = shuffled(keys, random);
  let requests = 0;
  return () => {
    if (++requests % period === 0) {
      const popular = nextRank();
      const any = Math.floor(random() * keys);
      [keyOfRank[popular], keyOfRank[any]] = [keyOfRank[any], keyOfRank[popular]];
    }
    return keyOfRank[nextRank()];
  };
}

/** After every `interval` requests of another pattern, the next `length` of `coldKeys` other keys, in turn. */
function scanning(other: Pattern, interval: number, length: number, coldKeys: number): Pattern {
  let requests = 0;
  let scanned = 0;
  return () => {
    const isScan = requests++ % (interval + length) >= interval;
    return isScan ? 2 * (scanned++ % coldKeys) + 1 : 2 * other();
  };
}

function loop(keys: number): Pattern {
  let requests = 0;
  return () => requests++ % keys;
}

/**
 * A new key with the given probability, else that which was used the d-th last, where the logarithm of d is evenly
 * distributed: half as far back, just as likely again.
 */
function recency(random: () => number, newShare: number): Pattern {
  let lastUsed = new Uint32Array(1024);
  let keys = 0;
  return () => {
    if (keys === lastUsed.length) {
      const larger = new Uint32Array(2 * keys);
      larger.set(lastUsed);
      lastUsed = larger;
    }
    const isNew = keys === 0 || random() < newShare;
    const depth = isNew ? keys : Math.floor(keys ** random()) - 1;
    const key = isNew ? keys++ : lastUsed[depth];
    lastUsed.copyWithin(1, 0, depth);
    lastUsed[0] = key;
    return key;
  };
}

/** A new key with the given probability, else one of those that came before, the older the less likely. */
function arrivals(random: () => number, newShare: number, meanAge: number): Pattern {
  let keys = 0;
  return () => {
    if (keys === 0 || random() < newShare) return keys++;
    const age = Math.floor(-Math.log(1 - random()) * meanAge);
    return Math.max(0, keys - 1 - age);
  };
}

/** Patterns with keys of their own, and the share of each. */
function mixed(
  random: () => number,
  parts: readonly (readonly [share: number, pattern: Pattern])[],
): Pattern {
  return () => {
    let rest = random();
    let part = 0;
    for (const [share] of parts.slice(0, -1)) {
      if (rest < share) break;
      rest -= share;
      part++;
    }
    return parts[part][1]() * parts.length + part;
  };
}
