/**
 * Labels of entries in a map with a store behind it: what an entry is, and the session it came by.
 *
 * ```
 * label   | hidden: 1 bit | lease: 1 bit | write: 1 bit | 0: 1 bit | session: 28 bits |
 * ```
 *
 * The bit for a write is set in its lease and in what is published in place of that: what Redis tells of it next may be
 * its own echo. A remembered absence is hidden, and so are leases: the map shows hidden entries to nobody who asks for
 * values.
 */
import { MAX_SESSION } from './sessions.js';

const HIDDEN = 1 << 31;
const LEASE = 1 << 30;
const WRITE = 1 << 29;

/** What an operation under way has a lease for, and what an entry came of. */
export type LeasePurpose = 'fetch' | 'write';

export type EntryKind = 'value' | 'absence' | LeasePurpose;

export function valueLabel(session: number, cause: LeasePurpose): number {
  return bitOf(cause) | session;
}

export function absenceLabel(session: number, cause: LeasePurpose): number {
  return HIDDEN | bitOf(cause) | session;
}

export function leaseLabel(session: number, purpose: LeasePurpose): number {
  return HIDDEN | LEASE | bitOf(purpose) | session;
}

/** Whether an entry is the lease of a write, or what came of it. */
export function isOfWrite(label: number): boolean {
  return (label & WRITE) !== 0;
}

export function sessionOf(label: number): number {
  return label & MAX_SESSION;
}

export function kindOf(label: number): EntryKind {
  if (label >= 0) return 'value';
  if (!(label & LEASE)) return 'absence';
  return isOfWrite(label) ? 'write' : 'fetch';
}

function bitOf(purpose: LeasePurpose): number {
  return purpose === 'write' ? WRITE : 0;
}
