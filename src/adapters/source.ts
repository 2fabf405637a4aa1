/** Which cache an adapter works on: one that this thread has, one of another thread, or a new one. */
import { type CacheHandle, type CacheOptions, SharedCache } from '../../shards/index.js';

/** A cache, the handle of one that another thread has created, or the options of a new one. */
export type CacheSource =
  | SharedCache
  | CacheHandle
  | CacheOptions
  | { readonly cache: SharedCache }
  | { readonly handle: CacheHandle };

/**
 * @throws {TypeError | RangeError} naming what is wrong with the handle or the options, and what is allowed
 */
export function openCache(source: CacheSource): SharedCache {
  // What is no object is turned down by `create`, in the words it has for it.
  if (typeof source !== 'object' || source === null) return SharedCache.create(source);
  if (source instanceof SharedCache) return source;
  if ('cache' in source) return openCache(source.cache);
  if ('handle' in source) return SharedCache.attach(source.handle);
  if ('format' in source) return SharedCache.attach(source);
  return SharedCache.create(source);
}
