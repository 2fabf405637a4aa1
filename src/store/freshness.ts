/** Which entries of the map may answer a read now: by the session they came by, and by their time to live. */
import type { LabelledEntry } from '../../shards/index.js';
import { kindOf, sessionOf } from './label.js';
import type { Sessions } from './sessions.js';

export class Freshness {
  readonly #sessions: Sessions;
  readonly #staleTtl: number;

  /** @param staleTtl milliseconds past its expiry that a value may be served while the store is out of reach */
  constructor(sessions: Sessions, staleTtl: number) {
    this.#sessions = sessions;
    this.#staleTtl = staleTtl;
  }

  /** Whether it answers a read: a value or an absence that somebody would have told of when it changed. */
  isServable({ label, expiry }: LabelledEntry): boolean {
    const kind = kindOf(label);
    if (kind === 'value') return this.isServableValue(label, expiry);
    return kind === 'absence' && this.#isTrusted(label);
  }

  /** The same of what is known to be a value, by its label and its expiry. To be asked after the value was copied. */
  isServableValue(label: number, expiry: number): boolean {
    return this.#isTrusted(label) && !this.#isPast(expiry);
  }

  /** Whether an operation is under way that will put something in its place. */
  isLease({ label }: LabelledEntry): boolean {
    const kind = kindOf(label);
    return (kind === 'fetch' || kind === 'write') && this.#isTrusted(label);
  }

  /** Whether it is a value whose time is over, kept for the case that the store is out of reach. */
  isStale(found: LabelledEntry | undefined): found is LabelledEntry {
    return (
      found !== undefined &&
      kindOf(found.label) === 'value' &&
      this.#isTrusted(found.label) &&
      this.#isPast(found.expiry)
    );
  }

  /** Until when the map keeps a value: for `staleTtl` longer than it lives. Milliseconds since the epoch, 0 = for ever. */
  keptUntil(expiry: number): number {
    return expiry === 0 ? 0 : Math.min(expiry + this.#staleTtl, Number.MAX_SAFE_INTEGER);
  }

  #isTrusted(label: number): boolean {
    return this.#sessions.isTrusted(sessionOf(label));
  }

  #isPast(expiry: number): boolean {
    return expiry !== 0 && expiry - this.#staleTtl <= Date.now();
  }
}
