/** The shared map's only door. */
export type { CacheOptions } from './options.js';
export {
  type CacheHandle,
  type CacheStats,
  type Entry,
  type Key,
  type SetOptions,
  type ShardStats,
  SharedCache,
  type Value,
} from './shared-cache.js';
