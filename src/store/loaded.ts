/**
 * The map with a data file behind it. What of a file does not fit into memory is read from there when it is asked for;
 * of one that fits, everything is in the map. Which of the two it is, is known soon after the load has begun.
 */
import type { SharedCache } from '../../shards/index.js';
import type { ProcessState } from '../telemetry/process-state.js';
import type { StoreKey } from './backing-store.js';
import type { FileStore } from './file-store.js';
import { LOAD_WAIT_LIMIT, moreLoaded } from './load-wait.js';
import type { LocalCache } from './local.js';
import type { ReadThrough } from './read-through.js';
import {
  type ImmediateCache,
  type ReadResult,
  type SettlingCache,
  UNCERTAIN,
  ValueTooLargeError,
} from './tiered.js';
import type { Turn } from './turnstile.js';

export interface LoadedCacheParts {
  readonly file: FileStore;
  /** Reads of a file with an index. */
  readonly reads: ReadThrough;
  /** For a file without one. */
  readonly local: LocalCache;
  readonly state: ProcessState;
  readonly turn: Turn;
}

export class LoadedCache implements SettlingCache, ImmediateCache {
  readonly map: SharedCache;
  readonly #parts: LoadedCacheParts;

  constructor(parts: LoadedCacheParts) {
    this.map = parts.local.map;
    this.#parts = parts;
  }

  get(key: StoreKey): ReadResult | undefined | Promise<ReadResult | undefined> {
    const { file, reads, local } = this.#parts;
    switch (file.use) {
      case 'indexed':
        return reads.get(key);
      case 'in the map':
        return local.get(key);
      default:
        return this.#decided().then(() => this.get(key));
    }
  }

  readInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    const { file, reads, local } = this.#parts;
    switch (file.use) {
      case 'indexed':
        return reads.readInto(key, start, end, target, place);
      case 'in the map':
        return local.readInto(key, start, end, target, place);
      default:
        return UNCERTAIN;
    }
  }

  writeFrom(...[key, start, end, value, from, to, ttl]: Parameters<ImmediateCache['writeFrom']>): boolean {
    const { file, local } = this.#parts;
    // The value of a file with an index has to be overridden first, which has to be waited for.
    return file.use === 'in the map' && local.writeFrom(key, start, end, value, from, to, ttl);
  }

  /** The file's value goes first: one that is fetched meanwhile loses its lease to the new one. */
  async set(key: StoreKey, value: Uint8Array, ttl?: number): Promise<void> {
    const { local } = this.#parts;
    if (!this.map.entries.fits(value.byteLength)) {
      throw new ValueTooLargeError(`a value of ${value.byteLength} bytes does not fit into the cache`);
    }
    await this.#override(key);
    await local.set(key, value, ttl);
  }

  async delete(key: StoreKey): Promise<boolean> {
    const { file, local } = this.#parts;
    await this.#decided();
    if (file.use === 'in the map') return await local.delete(key);
    const wasInFile = await file.override(key);
    return (await local.delete(key)) || wasInFile;
  }

  async expire(key: StoreKey, ttl: number): Promise<boolean> {
    const { local } = this.#parts;
    await this.settle(key);
    return await local.expire(key, ttl);
  }

  settle(key: StoreKey): void | Promise<void> {
    const { file, local } = this.#parts;
    switch (file.use) {
      case 'indexed':
        return file.lacks(key) ? undefined : this.#bringIn(key);
      case 'in the map':
        return local.settle();
      default:
        return this.#decided().then(() => this.settle(key));
    }
  }

  /** Brings the file's value into the map and overrides it, in one step for all workers: it is in one of them. */
  async #bringIn(key: StoreKey): Promise<void> {
    const { file, turn } = this.#parts;
    const found = await this.get(key);
    const slots = await file.slotsOf(key);
    turn.exclusively(() => {
      // Somebody else has overridden it: what he has put into the map counts, or that he has put nothing.
      if (file.lacks(key)) return;
      // It may have been evicted again.
      if (found !== undefined && !this.map.has(key)) this.map.set(key, found.value);
      file.markOverridden(slots);
    });
  }

  /** Sees to it that the file's value does not come back. */
  async #override(key: StoreKey): Promise<void> {
    const { file } = this.#parts;
    await this.#decided();
    if (file.use === 'indexed') await file.override(key);
  }

  async #decided(): Promise<void> {
    const { file, state } = this.#parts;
    const deadline = performance.now() + LOAD_WAIT_LIMIT;
    while (file.use === 'undecided' && !state.loaded) await moreLoaded(state, deadline);
  }
}
