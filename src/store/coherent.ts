/**
 * The map with a store behind it: reads go through to the store on a miss (read-through.ts), writes go to the store
 * first, and what the map holds is served only as long as somebody would be told that it changed.
 *
 * - A write takes a lease, so that the old value is not served any more, and publishes once the store has said yes.
 *   When it says no, or nothing, the key is left out of the map: the next read asks the store.
 * - What is changed by a command of the store's own is published as the store says that it is then. A command over several
 *   keys, or a transaction, takes a lease of each key that it changes, and leaves none of them in the map.
 * - An invalidation removes an entry, a lease too, if it is of the session that was told. Every entry is guarded by the
 *   connection that it came by: a change that came after it is told there, and what other connections are told is
 *   older news. That is how the echo of one worker's write, which Redis sends to another worker that had read the key
 *   before, leaves what was just written alone.
 * - A worker's own connection echoes its writes too, and nobody can tell an echo from a foreign change: what it removes
 *   is fetched again at once, before the next read has to.
 */
import type { Entries, SharedCache } from '../../shards/index.js';
import { keySampler } from '../telemetry/key-sampler.js';
import {
  type BackingStore,
  type Fetched,
  RefusedError,
  type StoreCommand,
  type StoreKey,
  type StoreLink,
  type StoreReply,
  type WatchLink,
  type Written,
} from './backing-store.js';
import type { Lease } from './lease.js';
import { ReadThrough, type ReadThroughParts } from './read-through.js';
import { following } from './relocation.js';
import type { ReadResult, StoreWatch, ThroughCache } from './tiered.js';

export interface CoherentCacheParts extends ReadThroughParts {
  readonly store: BackingStore;
}

export class CoherentCache implements ThroughCache {
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
    return this.#following([key], async () => {
      const link = this.#parts.store.linkFor(key);
      const sentAt = Date.now();
      const write = (): Promise<Written> => link.set(key, value, ttl);
      await this.#write(key, link, write, ({ isCacheable }) => ({
        value,
        expiry: ttl === 0 ? 0 : Math.min(sentAt + ttl, Number.MAX_SAFE_INTEGER),
        isCacheable,
      }));
      this.#entries.countSet();
    });
  }

  delete(key: StoreKey): Promise<boolean> {
    return this.#following([key], async () => {
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
    return this.#following([key], async () => {
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

  async modify(command: StoreCommand): Promise<StoreReply> {
    const key = keyOf(command);
    const { reply, refusal } = await this.#following([key], async () => {
      const link = this.#parts.store.linkFor(key);
      const outcome = ({ now }: { now: Fetched }): Fetched => this.#reads.bounded(now);
      return await this.#write(key, link, () => link.modify(command), outcome);
    });
    if (refusal !== undefined) throw new RefusedError(refusal);
    return reply as StoreReply;
  }

  ask(command: StoreCommand): Promise<StoreReply> {
    const run = async (): Promise<StoreReply> => await this.#parts.store.linkFor(keyOf(command)).run(command);
    return this.#following(keysOf(command), run);
  }

  change(command: StoreCommand): Promise<StoreReply> {
    return this.#following(keysOf(command), async () => {
      this.#checkTogether(keysOf(command));
      const link = this.#parts.store.linkFor(keyOf(command));
      return await this.#changing(keysOf(command), () => link.run(command));
    });
  }

  transact(
    commands: readonly StoreCommand[],
    written: readonly StoreKey[],
    watch?: StoreWatch,
  ): Promise<readonly StoreReply[] | null> {
    const watched = this.#watched(watch);
    return this.#following(commands.flatMap(keysOf), async () => {
      const { store } = this.#parts;
      this.#checkTogether([...commands.flatMap(keysOf), ...(watched?.keys ?? [])]);
      const [first] = commands;
      const link = watched?.link ?? (first && store.linkFor(keyOf(first)));
      return link === undefined ? [] : await this.#changing(written, () => link.transact(commands));
    });
  }

  async watch(keys: readonly StoreKey[], watch?: StoreWatch): Promise<StoreWatch> {
    const before = this.#watched(watch);
    const watched = await this.#following(keys, async () => {
      const all = [...(before?.keys ?? []), ...keys];
      this.#checkTogether(all);
      const link = before?.link ?? (await this.#parts.store.openWatch(all[0] ?? ''));
      try {
        await link.watch(keys);
        return new Watched(link, all);
      } catch (error) {
        if (before === undefined) link.release();
        throw error;
      }
    });
    // What is in the map may be from before a change that the watch knows of and nobody has been told of yet.
    for (const key of keys) this.#forget(key);
    return watched;
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

  /**
   * Has the store change some keys, of which nothing is kept.
   *
   * ORDER: as in `#write`, the leases stand in the map before the store is asked. Whatever is there in their place when
   *   it has answered may be from before.
   */
  async #changing<T>(keys: readonly StoreKey[], change: () => Promise<T>): Promise<T> {
    const { store } = this.#parts;
    try {
      for (const key of keys) this.#takeForWrite(key, store.linkFor(key));
      return await change();
    } finally {
      for (const key of keys) this.#forget(key);
    }
  }

  /** Whatever it has: the next read asks the store. */
  #forget(key: StoreKey): void {
    this.#entries.delete(key);
    this.#parts.bell.ring(key);
  }

  #checkTogether(keys: readonly StoreKey[]): void {
    if (this.#parts.store.areTogether(keys)) return;
    throw new RefusedError("CROSSSLOT Keys in request don't hash to the same slot");
  }

  #watched(watch: StoreWatch | undefined): Watched | undefined {
    if (watch === undefined || watch instanceof Watched) return watch;
    throw new TypeError('this is not a watch of this cache');
  }

  /** Undefined when the map has no room: then the old value has gone, and the new one is not kept. */
  #takeForWrite(key: StoreKey, { session }: StoreLink): Lease | undefined {
    const lease = this.#reads.leases.takeForWrite(key, session);
    if (typeof lease !== 'string') return lease;
    this.#entries.delete(key);
    return undefined;
  }

  #following<T>(keys: readonly StoreKey[], operation: () => Promise<T>): Promise<T> {
    if (keySampler.isOn) for (const key of keys) keySampler.note(key);
    return following(operation, () => this.#reads.countUnavailable());
  }
}

/** Keys that are watched by a connection. */
class Watched implements StoreWatch {
  constructor(
    readonly link: WatchLink,
    readonly keys: readonly StoreKey[],
  ) {}

  release(): void {
    this.link.release();
  }
}

/** The first key of a command. */
function keyOf({ words, keys: [first = 1] }: StoreCommand): StoreKey {
  return words[first];
}

function keysOf({ words, keys }: StoreCommand): StoreKey[] {
  return keys.map((index) => words[index]);
}
