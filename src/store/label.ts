/**
 * Labels of entries in a map with a store behind it: what an entry is, and the session it came by.
 *
 * ```
 * label   | hidden: 1 bit | lease: 1 bit | write: 1 bit | 0: 1 bit | session: 28 bits |
 * ```
 *
 * A value has no bit set above its session. A remembered absence is hidden, and so are leases: the map shows hidden
 * entries to nobody who asks for values.
 */
import { MAX_SESSION } from './sessions.js';

const HIDDEN = 1 << 31;
const LEASE = 1 << 30;
const WRITE = 1 << 29;

/** What an operation under way has a lease for. */
export type LeasePurpose = 'fetch' | 'write';

export type EntryKind = 'value' | 'absence' | LeasePurpose;

export function valueLabel(session: number): number {
  return session;
}

export function absenceLabel(session: number): number {
  return HIDDEN | session;
}

export function leaseLabel(session: number, purpose: LeasePurpose): number {
  return HIDDEN | LEASE | (purpose === 'write' ? WRITE : 0) | session;
}

export function sessionOf(label: number): number {
  return label & MAX_SESSION;
}

export function kindOf(label: number): EntryKind {
  if (label >= 0) return 'value';
  if (!(label & LEASE)) return 'absence';
  return label & WRITE ? 'write' : 'fetch';
}
