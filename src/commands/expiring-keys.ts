/** How many keys have a time to live, by looking at some: what `INFO keyspace` tells. */
import { type Entries, NEVER } from '../../shards/index.js';

/** Keys that are looked at. They come in the order of their hashes, so the first are as good as any. */
const SAMPLE = 1000;
/** Keys per step, between which the time is looked at. */
const STEP = 100;
/** Keys that a step must find, or the index is too empty to be looked through. */
const FEW = 10;
/** Keys that are looked at in such an index, one at random after the other: enough to meet each of a few. */
const RANDOM_SAMPLE = 100;
/** Milliseconds that looking through the index may take: meanwhile the worker does nothing else. */
const TIME_LIMIT = 4;

export interface ExpiringKeys {
  /** Keys that expire: exact when all keys could be looked at, otherwise an estimate. */
  readonly expires: number;
  /** Milliseconds that these have left on average; 0 when there are none. */
  readonly averageTtl: number;
}

/** @param keys that there are */
export function expiringKeys(entries: Entries, keys: number): ExpiringKeys {
  const deadline = performance.now() + TIME_LIMIT;
  const now = Date.now();
  /** Milliseconds that each key has left; Infinity when it does not expire. */
  const left = new Map<string, number>();
  const look = (key: Uint8Array): void => {
    const expiry = entries.expiryRange(key, 0, key.length);
    if (expiry < NEVER) return;
    left.set(Buffer.from(key).toString('latin1'), expiry === NEVER ? Number.POSITIVE_INFINITY : expiry - now);
  };
  let cursor = entries.scan(0, STEP, look);
  const isSparse = cursor !== 0 && left.size < FEW;
  for (let tries = 0; isSparse && tries < RANDOM_SAMPLE && left.size < keys; tries++) {
    const key = entries.randomKey();
    if (key !== undefined) look(key);
  }
  while (!isSparse && cursor !== 0 && left.size < SAMPLE && performance.now() < deadline) {
    cursor = entries.scan(cursor, STEP, look);
  }
  const expiring = [...left.values()].filter(Number.isFinite);
  if (expiring.length === 0) return { expires: 0, averageTtl: 0 };
  const sum = expiring.reduce((total, each) => total + Math.max(0, each), 0);
  // Keys may have come and gone since they were counted.
  return {
    expires: Math.min(keys, Math.round((expiring.length * keys) / left.size)),
    averageTtl: Math.round(sum / expiring.length),
  };
}
