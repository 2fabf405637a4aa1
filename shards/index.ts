/** The shared map's only door. */
export type { WriteObserver } from './attachment.js';
export type {
  CacheHandle,
  CacheStats,
  Entry,
  Key,
  SetOptions,
  ShardStats,
  SnapshotOptions,
  Value,
} from './cache-types.js';
export type { Entries, EntryOptions } from './entries.js';
export { NEVER } from './entry.js';
export { ABSENT, type LabelledEntry } from './expected.js';
export { hashSecrets, hashWords } from './hash.js';
export { KeyBuffer } from './key-buffer.js';
export { MAX_KEY_BYTES, MIN_MEMORY } from './layout.js';
export { type CacheOptions, GUARDS, type Guard, MAX_MEMORY, shardRange } from './options.js';
export type { WriteOutcome } from './shard.js';
export { type Restored, SharedCache } from './shared-cache.js';
export { SnapshotError } from './snapshot-error.js';
export type { RestoreCounts } from './snapshot-reader.js';
