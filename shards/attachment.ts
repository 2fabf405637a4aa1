/**
 * One thread's part in a cache: its slot, its side of each shard, the way from a key to its shard, and the key and the
 * entry that its calls are about. What a program calls (shared-cache.ts, entries.ts) works through it.
 */
import type { CacheHandle, Key } from './cache-types.js';
import { NEVER } from './entry.js';
import { KeyEvictor } from './evict-one.js';
import type { Expected } from './expected.js';
import { ExpiryTimer } from './expiry-timer.js';
import { type HashSecrets, hashSecrets } from './hash.js';
import { KeyBuffer } from './key-buffer.js';
import { type Layout, layoutOf } from './layout.js';
import { LockedShard } from './locked-shard.js';
import { Quota } from './quota.js';
import { Recency } from './recency.js';
import { type Removed, Shard, type WriteOutcome } from './shard.js';
import { ShardView } from './shard-view.js';
import type { PutEntry } from './snapshot-reader.js';
import { entriesIn } from './statistics.js';
import { claimThreadSlot, type ThreadSlot } from './thread-slot.js';
import { Draft } from './writer.js';

/** Is told of the keys that are written or deleted in its thread: not of what is evicted, expires, is moved or cleared. */
export interface WriteObserver {
  /** @param hash of the key, with the cache's secrets */
  changed(hash: number): void;
}

export class Attachment {
  /** The cache. Held, so that nobody uses the slot of one that was collected: the thread's next one would get it. */
  readonly owner: object;
  readonly handle: CacheHandle;
  readonly layout: Layout;
  readonly secrets: HashSecrets;
  readonly thread: ThreadSlot;
  readonly shards: readonly Shard[];
  /** The key under way, loaded anew by each call. */
  readonly key: KeyBuffer;
  /** The entry to be written, filled anew by each write. */
  readonly draft = new Draft();
  /** Who is told of this thread's changes. */
  observer: WriteObserver | undefined;

  constructor(handle: CacheHandle, owner: object) {
    const { options } = handle;
    const control = new Int32Array(handle.control);
    const layout = layoutOf(options);
    const secrets = hashSecrets(handle.seed);
    const shards: Shard[] = [];
    // What clock and timer call may not hold the cache, or it could never be collected.
    const recency: Recency = new Recency(
      control,
      options.maxKeys,
      () => entriesIn(shards),
      () => evictor.restamp(),
    );
    const { thread, inherited } = claimThreadSlot(control, layout.threadSlots);
    const evictor: KeyEvictor = new KeyEvictor(shards, recency, options.maxKeys);
    const quota = new Quota(thread, layout.threadSlots, options.maxKeys, evictor);
    const ShardOfGuard = options.guard === 'lock' ? LockedShard : Shard;
    handle.shards.forEach((buffer, i) => {
      const view = new ShardView(buffer, i, layout, thread);
      shards.push(new ShardOfGuard(view, secrets, quota, recency));
    });
    if (inherited) for (const shard of shards) shard.takeOver(thread.id);
    this.owner = owner;
    this.handle = handle;
    this.layout = layout;
    this.secrets = secrets;
    this.thread = thread;
    this.shards = shards;
    this.key = new KeyBuffer(secrets);
    const sweeps = shards.map(({ expirySweep }) => expirySweep);
    ExpiryTimer.start(owner, control, sweeps);
  }

  /** Loads a key, and finds the shard that it belongs to. */
  shardOf(key: Key): Shard {
    this.key.load(key);
    return this.#shardOfLoaded();
  }

  /** The same for a key that lies in a larger buffer, from `start` to before `end`. */
  shardOfRange(bytes: Uint8Array, start: number, end: number): Shard {
    this.key.loadRange(bytes, start, end);
    return this.#shardOfLoaded();
  }

  /** Writes the draft under the loaded key, to the shard that it belongs to. */
  write(shard: Shard, expected?: Expected): WriteOutcome {
    if (this.draft.length > this.layout.maxValueBytes) return 'no room';
    const outcome = shard.write(this.key, this.draft, expected);
    if (outcome === 'stored') this.observer?.changed(this.key.hash);
    return outcome;
  }

  /** Removes what is under the loaded key, from the shard that it belongs to. */
  delete(shard: Shard, expected?: Expected): Removed {
    const removed = shard.delete(this.key, expected);
    if (removed !== 'nothing') this.observer?.changed(this.key.hash);
    return removed;
  }

  /**
   * Stores an entry of a snapshot. It does not count as set: that was counted when it was.
   *
   * @param grace milliseconds by which it expires later than the file says
   */
  putSaved(
    grace: number,
    ...[bytes, keyStart, keyEnd, valueStart, valueEnd, expiry, flags]: Parameters<PutEntry>
  ): boolean {
    const shard = this.shardOfRange(bytes, keyStart, keyEnd);
    const later = expiry === NEVER ? NEVER : Math.min(expiry + grace, Number.MAX_SAFE_INTEGER);
    this.draft.fill(bytes, valueStart, valueEnd, later, flags);
    return this.write(shard) !== 'no room';
  }

  #shardOfLoaded(): Shard {
    const { shards } = this;
    const { length } = shards;
    const index = length === 1 ? 0 : Math.floor(((this.key.hash >>> 0) * length) / 2 ** 32);
    return shards[index] as Shard;
  }
}
