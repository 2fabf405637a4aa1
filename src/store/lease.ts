/**
 * Leases (Nishtala and others, "Scaling Memcache at Facebook", NSDI 2013, section 3.2.1): the right of an operation on
 * the store to put its outcome into the map, which is lost as soon as anybody writes or invalidates the key.
 *
 * A lease is a hidden entry of the map, under the key itself, with a token that no other one has. Whoever writes the
 * key or is told that it changed replaces or removes what is there, and with it the lease. So to publish is one
 * conditional write of the map, "if the lease is still there", and nothing can come between look and write.
 *
 * - A fetch takes a lease only where nothing is that may be served. Others who want the key see it and wait.
 * - A write takes one over whatever is there, a value too: from then on until the store has answered nobody is served
 *   the old value, so nobody can be served it after somebody was told that it is gone.
 *
 * A lease carries the number of its session, like every other entry: when its thread or its connection is lost it
 * counts for nothing. It expires after a while besides, so as not to stay in the map for ever.
 */
import { ABSENT, type Entries, type LabelledEntry } from '../../shards/index.js';
import type { StoreKey } from './backing-store.js';
import { kindOf, type LeasePurpose, leaseLabel, sessionOf } from './label.js';

/** Milliseconds after which a lease counts for nothing: longer than any operation on a store takes. */
const LEASE_LIMIT = 20_000;

const NUMBER_BYTES = 8;

/** What an operation holds. The map's entry is known by what it holds, since that is equal to no other entry. */
export type Lease = LabelledEntry;

/** What is put in the place of a lease. */
export interface Outcome {
  readonly value: Uint8Array;
  /** Milliseconds since the epoch, 0 = never. */
  readonly expiry: number;
  readonly label: number;
  /** Whether it comes from a data file. */
  readonly isBaseline?: boolean;
}

/** Where no entry of the map is. */
const NOWHERE = { location: 0, age: 0 };

/** Why there is no lease: the map holds something else by now, or has no room. */
export type NoLease = 'kept' | 'no room';

export class Leases {
  readonly #entries: Entries;
  /** Number of the last lease of this thread. From the clock, so that no thread before it had the same. */
  #last = Date.now() * 1000;

  constructor(entries: Entries) {
    this.#entries = entries;
  }

  /** A lease for a fetch in place of `found`. */
  takeForFetch(key: StoreKey, session: number, found: LabelledEntry | undefined): Lease | NoLease {
    return this.#take(key, session, 'fetch', found ?? ABSENT);
  }

  /** A lease for a write in place of whatever is there. */
  takeForWrite(key: StoreKey, session: number): Lease | NoLease {
    return this.#take(key, session, 'write');
  }

  /** Replaces a lease by what came of its operation. False when it was lost; then nothing changes. */
  publish(key: StoreKey, lease: Lease, outcome: Outcome): boolean {
    const published = this.#entries.put(key, outcome.value, outcome, lease);
    if (published === 'no room') this.drop(key, lease);
    return published !== 'kept';
  }

  /** Gives a lease up. False when it was lost. */
  drop(key: StoreKey, lease: Lease): boolean {
    return this.#entries.delete(key, lease);
  }

  /**
   * After a write whose lease was lost: sees to it that nothing older than it stays.
   *
   * Somebody else wrote the key, or was told that it changed, while this write was under way. Which of them the store
   * did last can't be known, so nothing that came of it may stay, nor may a lease: the next read asks the store. Only
   * a write that began later on the same connection is known to come later.
   *
   * @param isOrdered whether the store did this link's writes in the order in which they began
   */
  settle(key: StoreKey, lost: Lease, isOrdered: boolean): void {
    const found = this.#entries.read(key);
    if (found === undefined || (isOrdered && isLaterWrite(found, lost))) return;
    this.#entries.delete(key);
  }

  #take(
    key: StoreKey,
    session: number,
    purpose: LeasePurpose,
    expected?: LabelledEntry | typeof ABSENT,
  ): Lease | NoLease {
    // From the pool of small buffers: one of its own, with a view to write to it, costs some microseconds.
    const value = Buffer.allocUnsafe(NUMBER_BYTES);
    value.writeDoubleBE(++this.#last);
    const expiry = Date.now() + LEASE_LIMIT;
    const lease = { ...NOWHERE, value, expiry, label: leaseLabel(session, purpose) };
    const outcome = this.#entries.put(key, value, lease, expected);
    return outcome === 'stored' ? lease : outcome;
  }
}

/** Number of a lease, unique among those of its session. */
export function leaseNumber({ value }: LabelledEntry): number {
  return new DataView(value.buffer, value.byteOffset).getFloat64(0);
}

function isLaterWrite(found: LabelledEntry, lost: Lease): boolean {
  if (kindOf(found.label) !== 'write' || sessionOf(found.label) !== sessionOf(lost.label)) return false;
  return leaseNumber(found) > leaseNumber(lost);
}
