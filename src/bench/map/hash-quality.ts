/** How well hashes are spread: pairs that collide in all 32 bits, and how evenly buckets are filled. */

export interface Quality {
  /** Keys whose hash an earlier key had. */
  readonly collisions: number;
  /**
   * Chi-square of the numbers of keys in 65,536 buckets, by degrees of freedom: about 1 when they fall as at random; below,
   * they are more even. By the high bits of the hash, as hotshard finds a bucket, and by the low ones.
   */
  readonly high: number;
  readonly low: number;
}

/** Of a hash that gives each key one of 2^32 values at random. */
export function expectedCollisions(keys: number): number {
  const values = 2 ** 32;
  return keys + values * Math.expm1(keys * Math.log1p(-1 / values));
}

export function qualityOf(hashes: Uint32Array): Quality {
  return {
    collisions: collisionsIn(hashes),
    high: unevenness(hashes, 16),
    low: unevenness(hashes, 0),
  };
}

function collisionsIn(hashes: Uint32Array): number {
  const sorted = hashes.toSorted();
  let collisions = 0;
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) collisions++;
  return collisions;
}

const BUCKETS = 2 ** 16;

function unevenness(hashes: Uint32Array, shift: number): number {
  const counts = new Uint32Array(BUCKETS);
  for (const hash of hashes) counts[(hash >>> shift) % BUCKETS]++;
  const expected = hashes.length / BUCKETS;
  const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  return chiSquare / (BUCKETS - 1);
}

/** Keys as programs name them. */
export const PATTERNS = {
  'sequential numbers': (i: number) => String(i),
  'common prefix': (i: number) => `https://example.com/products/item-${String(i).padStart(8, '0')}`,
} as const satisfies Readonly<Record<string, (i: number) => string>>;
