/**
 * A data file behind the map: `--load` of more than fits into memory.
 *
 * **Reading.** While the file is loaded, the map is filled as far as it goes, and an index (file-index.ts) learns where
 * in the file each key is. The map is then a cache of the file: what it has evicted or what has expired in it comes from
 * the file again, by a positioned read of one line. An absent key is known from the index without a read. Of several
 * lines of one key the last one counts. The line that is read is compared with the key, so keys of the same hash, and a
 * file that was changed under the server, never give a wrong value (line-reader.ts).
 *
 * **Writing.** The file is never written. A key that a user sets or deletes is marked in the index as overridden, in all
 * its slots, before the call resolves: from then on the file's value does not come back, even when the user's value has
 * been evicted or has expired. Which slot is the key's is known only from the file, so the first write of a key of the
 * file costs a read as well; when the file can't be read the write is refused. Marks live as long as the process.
 *
 * A fetch that began before an override may still return the old value. It must not be cached then, and isn't: who
 * writes replaces the lease under which the fetch was made, and without the lease its value is not published.
 *
 * **During the load** a key that is found is served, though a later line may supersede it: what is read then is not
 * kept for long. One that is not found is waited for. So is the end of the load by whoever writes: a later line would
 * bring back what was overridden too early.
 *
 * **Descriptor.** The thread that opened the file keeps it open as long as the process lives; the others use its number,
 * so a worker that dies closes nothing. A file that is replaced by another (`mv`) is served as it was.
 */
import type { Logger } from 'pino';
import type { ProcessState } from '../telemetry/process-state.js';
import type { Fetched, FetchLink, FetchStore, StoreKey } from './backing-store.js';
import type { PositionedFile } from './data-source.js';
import { FileIndex, type FileIndexHandle } from './file-index.js';
import { LineReader } from './line-reader.js';
import { LOAD_WAIT_LIMIT, moreLoaded } from './load-wait.js';
import { UNLABELLED } from './sessions.js';

/** For how long a value that was read during the load may be kept, in milliseconds. */
const LOADING_LIFE = 100;

/** Structured-cloneable: what another thread attaches to. */
export interface FileStoreHandle {
  readonly file: PositionedFile;
  readonly index: FileIndexHandle;
}

export interface FileStoreOptions {
  readonly state: ProcessState;
  readonly logger: Logger;
  /** Bytes; the map's. */
  readonly maxValueSize: number;
  /** Of the leases that this thread takes. */
  readonly session: number;
  /** Milliseconds; another one than the default is for tests. */
  readonly loadWaitLimit?: number;
}

/** One per thread. It is its own link: there is one way to a file, and nobody else changes it. */
export class FileStore implements FetchStore, FetchLink {
  readonly session: number;
  readonly valueSession = UNLABELLED;
  readonly #state: ProcessState;
  readonly #index: FileIndex;
  readonly #reader: LineReader;
  readonly #loadWaitLimit: number;

  constructor({ file, index }: FileStoreHandle, options: FileStoreOptions) {
    this.session = options.session;
    this.#state = options.state;
    this.#index = FileIndex.attach(index);
    this.#reader = new LineReader(file, options.maxValueSize, options.logger);
    this.#loadWaitLimit = options.loadWaitLimit ?? LOAD_WAIT_LIMIT;
  }

  linkFor(): FetchLink {
    return this;
  }

  /** Whether keys are looked for in the file, are all in the map, or it is not known yet which. */
  get use(): 'indexed' | 'in the map' | 'undecided' {
    switch (this.#index.state) {
      case 'made':
        return 'indexed';
      case 'unneeded':
        return 'in the map';
      default:
        return 'undecided';
    }
  }

  lacks(key: StoreKey): boolean {
    return this.#state.loaded && this.#index.candidates(key).length === 0;
  }

  /**
   * @throws {StoreUnavailableError} when the file is not what it was, can't be read, or is still being loaded after the
   *   limit
   */
  async fetch(key: StoreKey): Promise<Fetched> {
    const deadline = this.#deadline();
    for (;;) {
      // Asked before the look for the key: only when the load was over by then, a miss is one.
      const { loaded } = this.#state;
      const value = await this.#find(key);
      if (value !== undefined) {
        return { value, expiry: loaded ? 0 : Date.now() + LOADING_LIFE, isCacheable: true };
      }
      // A look into the index is as cheap as one into the map.
      if (loaded) return { value: undefined, expiry: 0, isCacheable: false };
      await moreLoaded(this.#state, deadline);
    }
  }

  /**
   * Sees to it that what the file has of a key never comes back. True when this call did, false when the file had
   * nothing.
   *
   * @throws {StoreUnavailableError} as `fetch`
   */
  async override(key: StoreKey): Promise<boolean> {
    return this.markOverridden(await this.slotsOf(key));
  }

  /**
   * The slots of what the file has of a key, for `markOverridden`; of what is overridden there are none.
   *
   * @throws {StoreUnavailableError} as `fetch`
   */
  async slotsOf(key: StoreKey): Promise<number[]> {
    const deadline = this.#deadline();
    while (!this.#state.loaded) await moreLoaded(this.#state, deadline);
    const slots: number[] = [];
    for (const { slot, offset } of this.#index.candidates(key)) {
      if (this.#isLineOf(key, await this.#reader.keyAt(offset))) slots.push(slot);
    }
    return slots;
  }

  /** Sees to it that what is in these slots never comes back. True when this call did for the last one. */
  markOverridden(slots: readonly number[]): boolean {
    // The last line comes last, or an earlier one would show up in between; of two callers one is told that it did it.
    let wasThere = false;
    for (const slot of slots.toReversed()) wasThere = this.#index.override(slot);
    return wasThere;
  }

  async #find(key: StoreKey): Promise<Uint8Array | undefined> {
    for (const { offset } of this.#index.candidates(key)) {
      const line = await this.#reader.lineAt(offset);
      if (this.#isLineOf(key, line.key)) return line.value;
    }
    return undefined;
  }

  /**
   * Whether a candidate has the key.
   *
   * @throws {StoreUnavailableError} when it has another one that the index would not have sent here
   */
  #isLineOf(key: StoreKey, found: Uint8Array): boolean {
    if (Buffer.compare(typeof key === 'string' ? Buffer.from(key) : key, found) === 0) return true;
    if (!this.#index.mayBeMistaken(key, found)) throw this.#reader.changed();
    return false;
  }

  #deadline(): number {
    return performance.now() + this.#loadWaitLimit;
  }
}
