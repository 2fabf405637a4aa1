/**
 * The map with a store behind it: reads go through to the store on a miss, writes go to the store first, and what the
 * map holds is served only as long as somebody would be told that it changed.
 *
 * - A hit is a value whose session (sessions.ts) is trusted. It asks nobody.
 * - A miss takes a lease (lease.ts), fetches, and publishes if the lease is still there. Who wants the same key
 *   meanwhile waits: in this thread for the same promise, in others for the bell (bell.ts).
 * - A write takes a lease, so that the old value is not served any more, and publishes once the store has said yes.
 *   When it says no, or nothing, the key is left out of the map: the next read asks the store.
 * - An invalidation removes an entry, a lease too, if it is of the session that was told. Every entry is guarded by the
 *   connection that it came by: a change that came after it is told there, and what other connections are told is
 *   older news. That is how the echo of one worker's write, which Redis sends to another worker that had read the key
 *   before, leaves what was just written alone.
 */
import type { Entries, LabelledEntry, SharedCache } from '../../shards/index.js';
import type { ProcessState } from '../telemetry/process-state.js';
import {
  type BackingStore,
  type Fetched,
  RelocatedError,
  type StoreKey,
  type StoreLink,
  StoreUnavailableError,
  type Written,
} from './backing-store.js';
import type { Bell } from './bell.js';
import { absenceLabel, kindOf, sessionOf, valueLabel } from './label.js';
import { type Lease, Leases, leaseNumber } from './lease.js';
import { type Sessions, UNLABELLED } from './sessions.js';
import type { ReadResult, TieredCache } from './tiered.js';

/** Longest that a read waits for what others do with its key, in milliseconds. */
const WAIT_LIMIT = 3_000;

/** Times that an operation follows a key to where it has moved. */
const MOST_RELOCATIONS = 16;

const EMPTY = new Uint8Array(0);

export interface CoherentCacheParts {
  readonly map: SharedCache;
  readonly store: BackingStore;
  readonly sessions: Sessions;
  readonly bell: Bell;
  readonly state: ProcessState;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  /** Default time to live in milliseconds, 0 = none. */
  readonly ttl: number;
  /** Milliseconds past its expiry that a value may be served while the store is out of reach. */
  readonly staleTtl: number;
  /** Largest value that is kept in the map, in bytes. */
  readonly maxValueSize: number;
}

export class CoherentCache implements TieredCache {
  readonly map: SharedCache;
  readonly #parts: CoherentCacheParts;
  readonly #entries: Entries;
  readonly #leases: Leases;
  /** This thread's fetches under way, by the number of their lease. */
  readonly #flights = new Map<number, Promise<ReadResult | undefined>>();

  constructor(parts: CoherentCacheParts) {
    this.map = parts.map;
    this.#parts = parts;
    this.#entries = parts.map.entries;
    this.#leases = new Leases(this.#entries);
  }

  get(key: StoreKey): ReadResult | undefined | Promise<ReadResult | undefined> {
    const found = this.#entries.read(key);
    if (found !== undefined && this.#isServable(found)) return this.#serve(found);
    return this.#following(() => this.#getThrough(key));
  }

  set(key: StoreKey, value: Uint8Array, ttl = this.#parts.ttl): Promise<void> {
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
    return this.#following(async () => {
      const link = this.#parts.store.linkFor(key);
      const cached = this.#cached(this.#entries.read(key));
      const { existed } = await this.#write(
        key,
        link,
        () => link.delete(key, cached),
        ({ isCacheable }) => ({ value: undefined, expiry: 0, isCacheable }),
      );
      if (existed) this.#entries.countDelete();
      return existed;
    });
  }

  expire(key: StoreKey, ttl: number): Promise<boolean> {
    return this.#following(async () => {
      const link = this.#parts.store.linkFor(key);
      const cached = this.#cached(this.#entries.read(key));
      const { now } = await this.#write(
        key,
        link,
        () => link.expire(key, ttl, cached),
        (modified) => modified.now,
      );
      return now.value !== undefined;
    });
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
    const lease = this.#takeForWrite(key, link);
    try {
      const written = await write();
      if (lease === undefined) this.#entries.delete(key);
      else if (!this.#publish(key, lease, link, outcome(written))) {
        this.#leases.settle(key, lease, written.isOrdered);
      }
      return written;
    } catch (error) {
      // Done or not: the next read asks the store.
      if (lease !== undefined) this.#leases.drop(key, lease);
      throw error;
    } finally {
      bell.ring(key);
    }
  }

  /** Undefined when the map has no room: then the old value has gone, and the new one is not kept. */
  #takeForWrite(key: StoreKey, { session }: StoreLink): Lease | undefined {
    const lease = this.#leases.takeForWrite(key, session);
    if (typeof lease !== 'string') return lease;
    this.#entries.delete(key);
    return undefined;
  }

  async #getThrough(key: StoreKey): Promise<ReadResult | undefined> {
    const { bell } = this.#parts;
    const deadline = performance.now() + WAIT_LIMIT;
    for (;;) {
      // Before the look at the map: a change after the look rings once more.
      const rings = bell.rings(key);
      const found = this.#entries.read(key);
      if (found !== undefined && this.#isServable(found)) return this.#serve(found);
      if (found === undefined || !this.#isLease(found)) {
        const flight = this.#takeOff(key, found);
        if (flight !== undefined) return await flight;
        continue;
      }
      // Only as long as the lease stands: after a write a fetch may bring what was before it.
      const flight = this.#flights.get(leaseNumber(found));
      if (flight !== undefined) {
        this.#entries.countMiss();
        return await flight;
      }
      if (performance.now() >= deadline) {
        throw new StoreUnavailableError(
          'the key is being fetched or written, and the store does not answer',
          1,
        );
      }
      await bell.heard(key, rings);
    }
  }

  /** Begins a fetch of a key, in place of what was found there. Undefined when the map has changed meanwhile. */
  #takeOff(key: StoreKey, found: LabelledEntry | undefined): Promise<ReadResult | undefined> | undefined {
    const link = this.#linkOrStale(key, found);
    if (!('fetch' in link)) return Promise.resolve(link);
    const lease = this.#leases.takeForFetch(key, link.session, found);
    if (lease === 'kept') return undefined;
    this.#entries.countMiss();
    if (lease === 'no room') return this.#fetch(key, link);
    const flight = this.#fetchUnder(lease, key, link, found);
    this.#flights.set(leaseNumber(lease), flight);
    return flight;
  }

  /** The link to the store or, when that is out of reach, a value that has expired and may be served all the same. */
  #linkOrStale(key: StoreKey, found: LabelledEntry | undefined): StoreLink | ReadResult {
    try {
      return this.#parts.store.linkFor(key);
    } catch (error) {
      if (error instanceof StoreUnavailableError && this.#isStale(found)) return this.#serveStale(found);
      throw error;
    }
  }

  async #fetchUnder(
    lease: Lease,
    key: StoreKey,
    link: StoreLink,
    found: LabelledEntry | undefined,
  ): Promise<ReadResult | undefined> {
    try {
      const fetched = await link.fetch(key);
      this.#publish(key, lease, link, this.#bounded(fetched));
      return this.#fetchedResult(fetched);
    } catch (error) {
      if (error instanceof StoreUnavailableError && this.#isStale(found)) {
        this.#leases.publish(key, lease, found);
        return this.#serveStale(found);
      }
      this.#leases.drop(key, lease);
      throw error;
    } finally {
      this.#flights.delete(leaseNumber(lease));
      this.#parts.bell.ring(key);
    }
  }

  async #fetch(key: StoreKey, link: StoreLink): Promise<ReadResult | undefined> {
    return this.#fetchedResult(await link.fetch(key));
  }

  #fetchedResult({ value }: Fetched): ReadResult | undefined {
    const { state, worker } = this.#parts;
    state.count(worker, 'fetches');
    return value === undefined ? undefined : { value, source: 'miss' };
  }

  /**
   * Puts what a key has now into the map, in place of the lease. False when that was lost.
   *
   * The session is the lease's, from before the store was asked: the link may be in another one by now.
   */
  #publish(key: StoreKey, lease: Lease, link: StoreLink, { value, expiry, isCacheable }: Fetched): boolean {
    const { staleTtl, maxValueSize } = this.#parts;
    if (!isCacheable || (value !== undefined && value.byteLength > maxValueSize)) {
      return this.#leases.drop(key, lease);
    }
    const session = link.valueSession === UNLABELLED ? UNLABELLED : sessionOf(lease.label);
    if (value === undefined) {
      return this.#leases.publish(key, lease, { value: EMPTY, expiry, label: absenceLabel(session) });
    }
    const kept = expiry === 0 ? 0 : expiry + staleTtl;
    return this.#leases.publish(key, lease, { value, expiry: kept, label: valueLabel(session) });
  }

  /** What is kept of what the store has: no longer than the default time to live. */
  #bounded(fetched: Fetched): Fetched {
    const { ttl } = this.#parts;
    if (ttl === 0) return fetched;
    const limit = Date.now() + ttl;
    return { ...fetched, expiry: fetched.expiry === 0 ? limit : Math.min(fetched.expiry, limit) };
  }

  /** Whether it answers a read: a value or an absence that somebody would have told of when it changed. */
  #isServable({ label, expiry }: LabelledEntry): boolean {
    const kind = kindOf(label);
    if (kind !== 'value' && kind !== 'absence') return false;
    return this.#isTrusted(label) && (kind === 'absence' || !this.#isPast(expiry));
  }

  #isLease({ label }: LabelledEntry): boolean {
    const kind = kindOf(label);
    return (kind === 'fetch' || kind === 'write') && this.#isTrusted(label);
  }

  /** Whether it is a value whose time is over, kept for the case that the store is out of reach. */
  #isStale(found: LabelledEntry | undefined): found is LabelledEntry {
    return (
      found !== undefined &&
      kindOf(found.label) === 'value' &&
      this.#isTrusted(found.label) &&
      this.#isPast(found.expiry)
    );
  }

  #isTrusted(label: number): boolean {
    return this.#parts.sessions.isTrusted(sessionOf(label));
  }

  /** The map keeps values for `staleTtl` longer than they live. */
  #isPast(expiry: number): boolean {
    return expiry !== 0 && expiry - this.#parts.staleTtl <= Date.now();
  }

  #serve({ label, value }: LabelledEntry): ReadResult | undefined {
    if (kindOf(label) === 'absence') {
      this.#parts.state.count(this.#parts.worker, 'absentHits');
      return undefined;
    }
    this.#entries.countHit();
    return { value, source: 'hit' };
  }

  #serveStale({ value }: LabelledEntry): ReadResult {
    this.#entries.countHit();
    this.#parts.state.count(this.#parts.worker, 'staleHits');
    return { value, source: 'stale' };
  }

  /** What the map says of a key, for a store that needs to know. */
  #cached(found: LabelledEntry | undefined): Fetched | undefined {
    if (found === undefined || kindOf(found.label) !== 'value' || !this.#isServable(found)) return undefined;
    const { staleTtl } = this.#parts;
    const expiry = found.expiry === 0 ? 0 : found.expiry - staleTtl;
    return { value: found.value, expiry, isCacheable: true };
  }

  /** Does an operation again when its key turns out to be elsewhere. */
  async #following<T>(operation: () => Promise<T>): Promise<T> {
    const { state, worker } = this.#parts;
    for (let left = MOST_RELOCATIONS; ; left--) {
      try {
        return await operation();
      } catch (error) {
        if (error instanceof StoreUnavailableError) state.count(worker, 'storeErrors');
        if (!(error instanceof RelocatedError)) throw error;
        if (left === 0) throw new StoreUnavailableError(error.message, 1, { cause: error });
        await error.settled;
      }
    }
  }
}
