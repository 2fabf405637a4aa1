/**
 * Reads through the map: what it does not hold is fetched from the store behind it, once however many ask for it, and
 * kept if nothing has happened to the key meanwhile.
 *
 * - A hit is a value whose session (sessions.ts) is trusted. It asks nobody.
 * - A miss takes a lease (lease.ts), fetches, and publishes if the lease is still there. Who wants the same key
 *   meanwhile waits: in this thread for the same promise, in others for the bell (bell.ts).
 */
import type { Entries, LabelledEntry, SharedCache } from '../../shards/index.js';
import { keySampler } from '../telemetry/key-sampler.js';
import type { ProcessState } from '../telemetry/process-state.js';
import {
  type Fetched,
  type FetchLink,
  type FetchStore,
  type StoreKey,
  StoreUnavailableError,
} from './backing-store.js';
import type { Bell } from './bell.js';
import { Freshness } from './freshness.js';
import { kindOf } from './label.js';
import { type Lease, Leases, leaseNumber } from './lease.js';
import { Publication } from './publication.js';
import { following } from './relocation.js';
import type { Sessions } from './sessions.js';
import { type ReadResult, UNCERTAIN } from './tiered.js';
import type { Turn } from './turnstile.js';

/**
 * Operations of others on its key that a read waits for, one after the other. Then it asks the store itself, and keeps
 * nothing: a key that is written all the time would never be read otherwise.
 */
const MOST_WAITS = 3;

export interface ReadThroughParts {
  readonly map: SharedCache;
  readonly store: FetchStore;
  readonly sessions: Sessions;
  readonly bell: Bell;
  readonly state: ProcessState;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  /** Default time to live in milliseconds, 0 = none: what is fetched is kept no longer. */
  readonly ttl: number;
  /** Milliseconds past its expiry that a value may be served while the store is out of reach. */
  readonly staleTtl: number;
  /** Largest value that is kept in the map, in bytes. */
  readonly maxValueSize: number;
  /** The worker's; absent where nobody has commands over several keys in the map. */
  readonly turn?: Turn;
}

interface Flight {
  /** Of its lease. */
  readonly label: number;
  readonly result: Promise<ReadResult | undefined>;
}

export class ReadThrough {
  readonly leases: Leases;
  readonly publication: Publication;
  readonly #parts: ReadThroughParts;
  readonly #entries: Entries;
  readonly #freshness: Freshness;
  readonly #turn: Turn | undefined;
  /** This thread's fetches under way that readers wait for, by the number of their lease. */
  readonly #flights = new Map<number, Flight>();

  constructor(parts: ReadThroughParts) {
    const { map, sessions, staleTtl, maxValueSize, turn } = parts;
    this.#parts = parts;
    this.#turn = turn;
    this.#entries = map.entries;
    this.#freshness = new Freshness(sessions, staleTtl);
    this.leases = new Leases(this.#entries);
    this.publication = new Publication({ leases: this.leases, freshness: this.#freshness, maxValueSize });
  }

  /**
   * The value of a key; undefined when it has none. A promise only when the store has to be asked.
   *
   * @throws {StoreUnavailableError} when the store is needed and out of reach
   */
  get(key: StoreKey): ReadResult | undefined | Promise<ReadResult | undefined> {
    if (keySampler.isOn) keySampler.note(key);
    const found = this.#within(() => this.#entries.read(key));
    if (found !== undefined && this.#freshness.isServable(found)) return this.#serve(found);
    if (found === undefined && this.#parts.store.lacks(key)) {
      this.#entries.countMiss();
      return undefined;
    }
    return following(
      () => this.#getThrough(key),
      () => this.countUnavailable(),
    );
  }

  /** See `ImmediateCache`: hits alone. */
  readInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    const entries = this.#entries;
    const length = this.#copyInto(key, start, end, target, place);
    if (length < 0 || !this.#freshness.isServableValue(entries.gotLabel, entries.gotExpiry)) return UNCERTAIN;
    if (length > target.length - place) return length;
    entries.countHit();
    if (keySampler.isOn) keySampler.noteRange(key, start, end);
    return length;
  }

  /**
   * Fetches a key that is not in the map: what this thread has written and was told to remove, perhaps by the echo of its
   * own write. Counted as no read; whoever reads the key meanwhile waits for it.
   */
  refresh(key: StoreKey): void {
    // A failure is the next read's to tell.
    this.#refetch(key).catch(() => {});
  }

  /** Counts an operation that failed since the store is out of reach. */
  countUnavailable(): void {
    this.#parts.state.count(this.#parts.worker, 'storeErrors');
  }

  /** Everything here that touches the map is one call of it, inside the worker's turn. */
  #within<T>(call: () => T): T {
    return this.#turn === undefined ? call() : this.#turn.within(call);
  }

  #copyInto(key: Uint8Array, start: number, end: number, target: Uint8Array, place: number): number {
    this.#turn?.enter();
    try {
      return this.#entries.getRangeInto(key, start, end, target, place);
    } finally {
      this.#turn?.leave();
    }
  }

  async #getThrough(key: StoreKey): Promise<ReadResult | undefined> {
    const { bell } = this.#parts;
    let waits = 0;
    let awaited: number | undefined;
    for (;;) {
      // Before the look at the map: a change after the look rings once more.
      const rings = bell.rings(key);
      const found = this.#within(() => this.#entries.read(key));
      if (found !== undefined && this.#freshness.isServable(found)) return this.#serve(found);
      if (found === undefined || !this.#freshness.isLease(found)) {
        const flight = this.#takeOff(key, found);
        if (flight !== undefined) return await flight;
        continue;
      }
      // Only as long as the lease stands: after a write a fetch may bring what was before it.
      const lease = leaseNumber(found);
      const flight = this.#flights.get(lease);
      // Another thread's lease may have the same number, but not the same session, which is in the label.
      if (flight?.label === found.label) {
        this.#entries.countMiss();
        return await flight.result;
      }
      if (lease !== awaited) waits++;
      awaited = lease;
      if (waits > MOST_WAITS) {
        this.#entries.countMiss();
        return await this.#fetch(key, this.#parts.store.linkFor(key));
      }
      await bell.heard(key, rings);
    }
  }

  /** Begins a fetch of a key, in place of what was found there. Undefined when the map has changed meanwhile. */
  #takeOff(key: StoreKey, found: LabelledEntry | undefined): Promise<ReadResult | undefined> | undefined {
    const link = this.#linkOrStale(key, found);
    if (!('fetch' in link)) return Promise.resolve(link);
    const lease = this.#within(() => this.leases.takeForFetch(key, link.session, found));
    if (lease === 'kept') return undefined;
    this.#entries.countMiss();
    if (lease === 'no room') return this.#fetch(key, link);
    const result = this.#fetchUnder(lease, key, link, found);
    this.#flights.set(leaseNumber(lease), { label: lease.label, result });
    return result;
  }

  /** The link to the store or, when that is out of reach, a value that has expired and may be served all the same. */
  #linkOrStale(key: StoreKey, found: LabelledEntry | undefined): FetchLink | ReadResult {
    try {
      return this.#parts.store.linkFor(key);
    } catch (error) {
      if (error instanceof StoreUnavailableError && this.#freshness.isStale(found))
        return this.#serveStale(found);
      throw error;
    }
  }

  async #fetchUnder(
    lease: Lease,
    key: StoreKey,
    link: FetchLink,
    found: LabelledEntry | undefined,
  ): Promise<ReadResult | undefined> {
    try {
      const fetched = await link.fetch(key);
      this.#within(() => this.publication.publish(key, lease, link, this.bounded(fetched)));
      return this.#fetchedResult(fetched);
    } catch (error) {
      if (error instanceof StoreUnavailableError && this.#freshness.isStale(found)) {
        this.#within(() => this.leases.publish(key, lease, found));
        return this.#serveStale(found);
      }
      this.#within(() => this.leases.drop(key, lease));
      throw error;
    } finally {
      this.#flights.delete(leaseNumber(lease));
      this.#parts.bell.ring(key);
    }
  }

  async #refetch(key: StoreKey): Promise<void> {
    const link = this.#parts.store.linkFor(key);
    const lease = this.#within(() => this.leases.takeForFetch(key, link.session, undefined));
    if (typeof lease !== 'string') await this.#fetchUnder(lease, key, link, undefined);
  }

  async #fetch(key: StoreKey, link: FetchLink): Promise<ReadResult | undefined> {
    return this.#fetchedResult(await link.fetch(key));
  }

  #fetchedResult({ value }: Fetched): ReadResult | undefined {
    const { state, worker } = this.#parts;
    state.count(worker, 'fetches');
    return value === undefined ? undefined : { value, source: 'miss' };
  }

  /** What is kept of what the store has: no longer than the default time to live. */
  bounded(fetched: Fetched): Fetched {
    const { ttl } = this.#parts;
    if (ttl === 0) return fetched;
    const limit = Date.now() + ttl;
    return { ...fetched, expiry: fetched.expiry === 0 ? limit : Math.min(fetched.expiry, limit) };
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
}
