/** What a cache tells of all that it holds, and what is done to all of it: sizes, keys, statistics, clear, save. */
import { textOf } from './arguments.js';
import { Attachment, type WriteObserver } from './attachment.js';
import type { CacheHandle, CacheStats, SnapshotOptions } from './cache-types.js';
import { lastingErrors } from './check.js';
import { clearShard, keysOf } from './iterate.js';
import { writeSnapshot } from './snapshot.js';
import { checkPath, completed, graceOf } from './snapshot-steps.js';
import { keysIn, statsOf } from './statistics.js';
import { sumCounters } from './thread-slot.js';

export class WholeCache {
  readonly #attachment: Attachment;

  protected constructor(handle: CacheHandle) {
    this.#attachment = new Attachment(handle, this);
  }

  /** For who extends it: nobody else gets at it, and no property of a cache shows it. */
  protected static attachmentOf(cache: WholeCache): Attachment {
    return cache.#attachment;
  }

  get handle(): CacheHandle {
    return this.#attachment.handle;
  }

  /** Removes every key that is there now, and all that `entries` has hidden. */
  clear(): void {
    for (const shard of this.#attachment.shards) clearShard(shard);
  }

  /** Has an observer told of the keys that this thread writes and deletes from now on; undefined: nobody. */
  observeWrites(observer: WriteObserver | undefined): void {
    this.#attachment.observer = observer;
  }

  /** Keys held. Expired ones that nobody has met yet count. */
  get size(): number {
    return keysIn(this.#attachment.shards);
  }

  /** The keys as text. Safe while others write: a key that is there from beginning to end comes exactly once. */
  *keys(): IterableIterator<string> {
    for (const { view } of this.#attachment.shards) {
      for (const key of keysOf(view)) yield textOf(key);
    }
  }

  /** Counters of all threads since the cache was created, and what it holds now. */
  stats(): CacheStats {
    const { handle, layout, thread } = this.#attachment;
    const shards = this.#attachment.shards.map(statsOf);
    return {
      ...sumCounters(thread.control, layout.threadSlots),
      keys: shards.reduce((sum, { keys }) => sum + keys, 0),
      hidden: shards.reduce((sum, { hidden }) => sum + hidden, 0),
      bytesUsed: shards.reduce((sum, { bytesUsed }) => sum + bytesUsed, 0),
      bytesMax: handle.options.maxMemory,
      shards,
    };
  }

  /**
   * Writes all values to a file, for `restore`, without labels; hidden entries are left out. Other threads may read and write meanwhile: each entry is whole, and
   * every key that is there from beginning to end is in the file. Its old content stays until the new one is complete
   * and stored; then it is replaced in one step. Only the owner may read the file.
   *
   * @returns number of entries written; those that have expired, or will within the grace, are left out
   * @throws {SnapshotError} when there is something at `path` that is no file
   * @throws the system error when it can't be written (`code` ENOENT, EACCES, ENOSPC …); the old file stays
   */
  save(path: string, how: SnapshotOptions = {}): number {
    return completed(this.saveSteps(path, how));
  }

  /**
   * `save` in steps of some milliseconds, for a thread that has something else to do between them. To end it early,
   * by the generator's `return`, leaves the old file.
   */
  saveSteps(path: string, how: SnapshotOptions = {}): Generator<void, number, void> {
    checkPath(path);
    return this.#saving(path, graceOf(how));
  }

  /** A method, so that the generator holds the cache: it uses the thread's slot, which the next attachment would get. */
  *#saving(path: string, grace: number): Generator<void, number, void> {
    const { shards, secrets } = this.#attachment;
    return yield* writeSnapshot(shards, secrets, path, grace);
  }

  /** What is wrong with the map, for tests, while no thread writes to it: see check.ts. */
  integrityErrors(): string[] {
    const { shards, secrets } = this.#attachment;
    return lastingErrors(
      shards.map(({ view }) => view),
      secrets,
    );
  }
}
