/** Puts what came of an operation on the store into the map, in place of the operation's lease. */
import type { Fetched, FetchLink, StoreKey } from './backing-store.js';
import type { Freshness } from './freshness.js';
import { absenceLabel, isOfWrite, sessionOf, valueLabel } from './label.js';
import type { Lease, Leases } from './lease.js';
import { UNLABELLED } from './sessions.js';

const EMPTY = new Uint8Array(0);

export interface PublicationParts {
  readonly leases: Leases;
  readonly freshness: Freshness;
  /** Largest value that is kept in the map, in bytes. */
  readonly maxValueSize: number;
}

export class Publication {
  readonly #parts: PublicationParts;

  constructor(parts: PublicationParts) {
    this.#parts = parts;
  }

  /**
   * False when the lease was lost; then nothing changes.
   *
   * The session is the lease's, from before the store was asked: the link may be in another one by now.
   */
  publish(key: StoreKey, lease: Lease, link: FetchLink, { value, expiry, isCacheable }: Fetched): boolean {
    const { leases, freshness, maxValueSize } = this.#parts;
    if (!isCacheable || (value !== undefined && value.byteLength > maxValueSize)) {
      return leases.drop(key, lease);
    }
    const isTold = link.valueSession !== UNLABELLED;
    const session = isTold ? sessionOf(lease.label) : UNLABELLED;
    const cause = isTold && isOfWrite(lease.label) ? 'write' : 'fetch';
    if (value === undefined) {
      return leases.publish(key, lease, { value: EMPTY, expiry, label: absenceLabel(session, cause) });
    }
    return leases.publish(key, lease, {
      value,
      expiry: freshness.keptUntil(expiry),
      label: valueLabel(session, cause),
      // Nobody but the file itself may replace it, and a later file does.
      isBaseline: !isTold,
    });
  }
}
