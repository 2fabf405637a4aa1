/** The library: the shared map and its types. */
export {
  type CacheHandle,
  type CacheOptions,
  type CacheStats,
  type Entry,
  type Key,
  type SetOptions,
  type ShardStats,
  SharedCache,
  type Value,
} from '../shards/index.js';
