/**
 * The map with a store behind it: reads go through to the store on a miss (read-through.ts), writes go to the store
 * first, and what the map holds is served only as long as somebody would be told that it changed.
 *
 * - A write takes a lease, so that the old value is not served any more, and publishes once the store has said yes.
 *   When it says no, or nothing, the key is left out of the map: the next read asks the store.
 * - An invalidation removes an entry, a lease too, if it is of the session that was told. Every entry is guarded by the
 *   connection that it came by: a change that came after it is told there, and what other connections are told is
 *   older news. That is how the echo of one worker's write, which Redis sends to another worker that had read the key
 *   before, leaves what was just written alone.
 * - A worker's own connection echoes its writes too, and nobody can tell an echo from a foreign change: what it removes
 *   is fetched again at once, before the next read has to.
 */
import type { Entries, SharedCache } from '../../shards/index.js';
import { keySampler } from '../telemetry/key-sampler.js';
import type { BackingStore, Fetched, StoreKey, StoreLink, Written } from './backing-store.js';
import type { Lease } from './lease.js';
import { ReadThrough, type ReadThroughParts } from './read-through.js';
import { following } from './relocation.js';
import type { ImmediateCache, ReadResult, TieredCache } from './tiered.js';

export interface CoherentCacheParts extends ReadThroughParts {
  readonly store: BackingStore;
}

export class CoherentCache implements TieredCache, ImmediateCache {
  readonly map: SharedCache;
  readonly #parts: CoherentCacheParts;
  readonly #entries: Entries;
  readonly #reads: ReadThrough;

  constructor(parts: CoherentCacheParts) {
    this.map = parts.map;
    this.#parts = parts;
    this.#entries = parts.map.entries;
    this.#reads = new ReadThrough(parts);
  }

  get(key: StoreKey): ReadResult | undefined | Promise<ReadResult | undefined> {
    return this.#reads.get(key);
  }

  readInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    return this.#reads.readInto(key, start, end, target, place);
  }

  /** Never: the store is asked first. */
  writeFrom(): boolean {
    return false;
  }

  set(key: StoreKey, value: Uint8Array, ttl = this.#parts.ttl): Promise<void> {
    if (keySampler.isOn) keySampler.note(key);
    return this.#following(async () => {
      const link = this.#parts.store.linkFor(key);
      const sentAt = Date.now();
      const write = (): Promise<Written> => link.set(key, value, ttl);
      await this.#write(key, link, write, ({ isCacheable }) => ({
        value,
        expiry: ttl === 0 ? 0 : sentAt + ttl,
        isCacheable,
      }));
      this.#entries.countSet();
    });
  }

  delete(key: StoreKey): Promise<boolean> {
    if (keySampler.isOn) keySampler.note(key);
    return this.#following(async () => {
      const link = this.#parts.store.linkFor(key);
      const { existed } = await this.#write(
        key,
        link,
        () => link.delete(key),
        ({ isCacheable }) => ({ value: undefined, expiry: 0, isCacheable }),
      );
      if (existed) this.#entries.countDelete();
      return existed;
    });
  }

  expire(key: StoreKey, ttl: number): Promise<boolean> {
    if (keySampler.isOn) keySampler.note(key);
    return this.#following(async () => {
      const link = this.#parts.store.linkFor(key);
      const { now } = await this.#write(
        key,
        link,
        () => link.expire(key, ttl),
        (modified) => modified.now,
      );
      return now.value !== undefined;
    });
  }

  /** Fetches what this thread has written and was told to remove, perhaps by the echo of its own write. */
  refresh(key: StoreKey): void {
    this.#reads.refresh(key);
  }

  /**
   * A write: first in the store, then in the map.
   *
   * ORDER: the lease stands in the map before the store is asked. Whoever is told of a foreign change that comes after
   *   this write finds the lease, or what was published in its place, and removes it.
   */
  async #write<T extends Written>(
    key: StoreKey,
    link: StoreLink,
    write: () => Promise<T>,
    outcome: (written: T) => Fetched,
  ): Promise<T> {
    const { bell } = this.#parts;
    const { leases, publication } = this.#reads;
    const lease = this.#takeForWrite(key, link);
    try {
      const written = await write();
      if (lease === undefined) this.#entries.delete(key);
      else if (!publication.publish(key, lease, link, outcome(written))) {
        leases.settle(key, lease, written.isOrdered);
        this.refresh(key);
      }
      return written;
    } catch (error) {
      // Done or not: the next read asks the store.
      if (lease !== undefined) leases.drop(key, lease);
      throw error;
    } finally {
      bell.ring(key);
    }
  }

  /** Undefined when the map has no room: then the old value has gone, and the new one is not kept. */
  #takeForWrite(key: StoreKey, { session }: StoreLink): Lease | undefined {
    const lease = this.#reads.leases.takeForWrite(key, session);
    if (typeof lease !== 'string') return lease;
    this.#entries.delete(key);
    return undefined;
  }

  #following<T>(operation: () => Promise<T>): Promise<T> {
    return following(operation, () => this.#reads.countUnavailable());
  }
}
