/** How many keys have a time to live, by looking at some: what `INFO keyspace` tells. */
import { type Entries, NEVER } from '../../shards/index.js';

/** Keys that are looked at. They come in the order of their hashes, so the first are as good as any. */
const SAMPLE = 1000;
/** Keys per step, between which the time is looked at. */
const STEP = 500;
/** Milliseconds that it may take; a map with few keys in a large index takes long to look through. */
const TIME_LIMIT = 20;

export interface ExpiringKeys {
  /** Keys that expire: exact when there are few keys, otherwise an estimate. */
  readonly expires: number;
  /** Milliseconds that these have left on average; 0 when there are none. */
  readonly averageTtl: number;
}

/** @param keys that there are */
export function expiringKeys(entries: Entries, keys: number): ExpiringKeys {
  const deadline = performance.now() + TIME_LIMIT;
  const now = Date.now();
  let looked = 0;
  let expiring = 0;
  let left = 0;
  let cursor = 0;
  const look = (key: Uint8Array): void => {
    const expiry = entries.expiryRange(key, 0, key.length);
    if (expiry < NEVER) return;
    looked++;
    if (expiry === NEVER) return;
    expiring++;
    left += Math.max(0, expiry - now);
  };
  do cursor = entries.scan(cursor, STEP, look);
  while (cursor !== 0 && looked < SAMPLE && performance.now() < deadline);
  if (expiring === 0) return { expires: 0, averageTtl: 0 };
  // Keys may have come and gone since they were counted.
  const share = cursor === 0 ? 1 : keys / looked;
  return {
    expires: Math.min(keys, Math.round(expiring * share)),
    averageTtl: Math.round(left / expiring),
  };
}
