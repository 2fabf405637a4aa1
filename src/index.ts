/** The library: the shared map and its types. */
export {
  type CacheHandle,
  type CacheOptions,
  type CacheStats,
  type Entry,
  type Guard,
  type Key,
  type RestoreCounts,
  type Restored,
  type SetOptions,
  type ShardStats,
  SharedCache,
  SnapshotError,
  type Value,
} from '../shards/index.js';
