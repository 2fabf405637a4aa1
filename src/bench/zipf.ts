/**
 * Accesses as caches see them: few keys are asked for often, most of them rarely. A true Zipf distribution: the key
 * of rank r is asked for with a probability proportional to 1 / r^exponent, drawn by inverting the sums of these.
 */

/**
 * A sequence of accesses, the same for the same seed.
 *
 * @param keys number of keys
 * @param length number of accesses
 * @param exponent 0 = all keys alike; 0.99 is that of the YCSB benchmarks
 * @returns indices of keys; which rank a key has is random
 */
export function zipfSequence(keys: number, length: number, exponent: number, seed: number): Uint32Array {
  const random = randomNumbers(seed);
  const nextRank = zipfRanks(keys, exponent, random);
  const keyOfRank = shuffled(keys, random);
  return Uint32Array.from({ length }, () => keyOfRank[nextRank()] ?? 0);
}

/** Draws ranks, from 0, of the keys to be asked for. */
export function zipfRanks(keys: number, exponent: number, random: () => number): () => number {
  const sums = new Float64Array(keys);
  let sum = 0;
  for (let rank = 0; rank < keys; rank++) {
    sum += 1 / (rank + 1) ** exponent;
    sums[rank] = sum;
  }
  return () => firstAbove(sums, random() * sum);
}

/** Index of the first of the ascending sums that is greater than `target`; the last one if none is. */
function firstAbove(sums: Float64Array, target: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sums[middle] ?? 0) > target) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The numbers from 0 to `count - 1` in random order (Fisher and Yates). */
export function shuffled(count: number, random: () => number): Uint32Array {
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    const number = numbers[i] ?? 0;
    numbers[i] = numbers[other] ?? 0;
    numbers[other] = number;
  }
  return numbers;
}

/** Pseudo-random numbers from 0 to 1 (exclusive): Mulberry32 by Tommy Ettinger, public domain. */
export function randomNumbers(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
