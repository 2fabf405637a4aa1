/** Checks of what a program hands to a cache, and what is made of it: errors name the argument and what is allowed. */
import { types } from 'node:util';
import type { CacheHandle, SetOptions, Value } from './cache-types.js';
import { NEVER } from './entry.js';
import { describe } from './key-buffer.js';
import { LAYOUT_VERSION } from './layout.js';

const encoder = new TextEncoder();

export const ENTRY_FORM = '[key, value, options?]';

/** A text is not meant: its characters would be taken for keys. */
export function checkIterable(name: string, of: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return;
  throw new TypeError(`${name} must be an iterable of ${of}, not ${describe(value)}`);
}

export function checkEntry(entry: unknown): void {
  if (!Array.isArray(entry)) {
    throw new TypeError(`entries must be an iterable of ${ENTRY_FORM}, not of ${describe(entry)}`);
  }
}

export function ttlOf(options: SetOptions): number | undefined {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object, not ${describe(options)}`);
  }
  return options.ttl;
}

export function checkHandle(handle: CacheHandle): void {
  if (typeof handle !== 'object' || handle === null || handle.format !== 'hotshard') {
    throw new TypeError(`handle must be the handle of a SharedCache, not ${describe(handle)}`);
  }
  if (handle.layoutVersion !== LAYOUT_VERSION) {
    throw new TypeError(
      `handle must be of layout version ${LAYOUT_VERSION}, not ${handle.layoutVersion}: all threads need the same hotshard`,
    );
  }
  const shards: unknown = handle.shards;
  const hasMemory =
    types.isSharedArrayBuffer(handle.control) &&
    Array.isArray(shards) &&
    shards.every((buffer) => types.isSharedArrayBuffer(buffer));
  if (hasMemory) return;
  // As JSON, for instance, it loses it.
  throw new TypeError('handle must be handed on by workerData or postMessage: its memory is missing');
}

/** @param ttl checked, in milliseconds; 0 = none */
export function expiryAfter(ttl: number): number {
  return ttl === 0 ? NEVER : Math.min(Math.ceil(Date.now() + ttl), Number.MAX_SAFE_INTEGER);
}

export function bytesOf(value: Value): Uint8Array {
  if (typeof value === 'string') return encoder.encode(value);
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`value must be a string or a Uint8Array, not ${describe(value)}`);
}

export function textOf(bytes: Uint8Array<ArrayBuffer>): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
