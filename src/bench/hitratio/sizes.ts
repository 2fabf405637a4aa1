/**
 * What a key takes of a cache's capacity. By entries, each takes 1. By bytes, it is the key and its value: the trace's
 * sizes where it has any, else sizes that are made up, always the same for the same key.
 */
import type { Trace } from './trace.js';

/** Of every key as hotshard gets it. */
export const KEY_BYTES = 4;

/** Larger values of a trace are cut to this. */
const MAX_VALUE_BYTES = 64 * 1024;

/** Made-up values: the logarithm of the size is evenly distributed. 736 bytes in the mean. */
const LEAST_MADE_UP = 16;
const MOST_MADE_UP = 4096;

export function entrySizes({ keys }: Trace): Uint32Array {
  return new Uint32Array(keys).fill(1);
}

export function valueSizes({ keys, sizes }: Trace): Uint32Array {
  if (sizes !== undefined) return sizes.map((size) => Math.min(size, MAX_VALUE_BYTES));
  const factor = MOST_MADE_UP / LEAST_MADE_UP;
  return Uint32Array.from({ length: keys }, (_, id) => Math.round(LEAST_MADE_UP * factor ** uniform(id)));
}

export function byteSizes(trace: Trace): Uint32Array {
  return valueSizes(trace).map((size) => KEY_BYTES + size);
}

/** A number from 0 to 1 (exclusive) by a hash of the id: the end of MurmurHash3, by Austin Appleby, public domain. */
function uniform(id: number): number {
  let hash = id + 1;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
