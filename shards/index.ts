/** The shared map's only door. */
export type { CacheHandle, CacheStats, Entry, Key, SetOptions, ShardStats, Value } from './cache-types.js';
export { MAX_KEY_BYTES, MIN_MEMORY } from './layout.js';
export { type CacheOptions, GUARDS, type Guard, MAX_MEMORY, shardRange } from './options.js';
export { type Restored, SharedCache } from './shared-cache.js';
export { SnapshotError } from './snapshot-format.js';
export type { RestoreCounts } from './snapshot-reader.js';
