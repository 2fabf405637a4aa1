/** The shared map's only door. */
export { MAX_KEY_BYTES, MIN_MEMORY } from './layout.js';
export { type CacheOptions, GUARDS, type Guard, MAX_MEMORY, shardRange } from './options.js';
export {
  type CacheHandle,
  type CacheStats,
  type Entry,
  type Key,
  type Restored,
  type SetOptions,
  type ShardStats,
  SharedCache,
  type Value,
} from './shared-cache.js';
export { SnapshotError } from './snapshot-format.js';
export type { RestoreCounts } from './snapshot-reader.js';
