/**
 * What a key may have, as its only writer knows, who does one thing at a time: what the last write that was acknowledged
 * gave it, or one after it that was not, and may have been done or not. Writes are numbered; ABSENT stands for none.
 *
 * - A value with a time to live must be there until then and must not be after it.
 * - A write straight to Redis is news that takes its time to come: until then, but not for longer than GRACE, and not after
 *   the new value has been seen, the old one is no error.
 */

export const ABSENT = -1;

/** Milliseconds that news from Redis may take, restarts of Redis and of workers included. */
const GRACE = 5_000;

/** Milliseconds by which clocks may be read at different times on the way. */
const SLACK = 5;

/** What may be said of a read. `wrong` ones must never be. */
export const RIGHT = ['right', 'late', 'evicted'] as const;
export const WRONG = ['lost', 'stale', 'expired'] as const;
export type Verdict = (typeof RIGHT)[number] | (typeof WRONG)[number];

/** When a value may begin to be absent, and when it must be: milliseconds on the clock of `performance.now`. */
interface Life {
  readonly mayEnd: number;
  readonly mustEnd: number;
}

const IMMORTAL: Life = { mayEnd: Infinity, mustEnd: Infinity };

/** When something was asked and when it was answered: milliseconds on the clock of `performance.now`. */
export interface Span {
  readonly began: number;
  readonly ended: number;
}

export class Register {
  readonly #mayEvict: boolean;
  readonly #expirySlack: number;
  #possible = new Map<number, Life>([[ABSENT, IMMORTAL]]);
  #fading: ReadonlyMap<number, Life> = new Map();
  #fadesUntil = 0;

  /**
   * @param mayEvict whether values may be gone at any time
   * @param expirySlack milliseconds that a value may be served past its time: where a store is asked for what is left
   *   of it, the answer has been under way
   */
  constructor(mayEvict: boolean, expirySlack: number) {
    this.#mayEvict = mayEvict;
    this.#expirySlack = expirySlack + SLACK;
  }

  /** A write, or with ABSENT a removal, is about to be sent. */
  began(number: number): void {
    this.#possible.set(number, this.#possible.get(number) ?? IMMORTAL);
  }

  /** Whether it has been done is not known. @param ttl milliseconds; 0: none */
  unknown(number: number, ttl: number, { began }: Span): void {
    if (ttl > 0) this.#possible.set(number, { mayEnd: began + ttl, mustEnd: Infinity });
  }

  acknowledged(number: number, ttl: number, { began, ended }: Span): void {
    const life = ttl === 0 ? IMMORTAL : { mayEnd: began + ttl, mustEnd: ended + ttl };
    this.#possible = new Map([[number, life]]);
    this.#fading = new Map();
  }

  /** Redis has acknowledged a write that did not go through hotshard. */
  acknowledgedByRedis(number: number, { ended }: Span): void {
    this.#fading = new Map([...this.#fading, ...this.#possible]);
    this.#fadesUntil = ended + GRACE;
    this.#possible = new Map([[number, IMMORTAL]]);
  }

  /** Judges a read. */
  judge(found: number, { began, ended }: Span): Verdict {
    const life = this.#possible.get(found);
    if (life !== undefined && began <= life.mustEnd + this.#expirySlack) {
      this.#fading = new Map();
      return 'right';
    }
    if (this.#isFading(found, ended) && began <= this.#fadesUntil) return 'late';
    if (life !== undefined) return 'expired';
    if (found !== ABSENT) return 'stale';
    if ([...this.#possible.values()].some(({ mayEnd }) => ended + SLACK >= mayEnd)) return 'right';
    return this.#mayEvict ? 'evicted' : 'lost';
  }

  /** Whether it was there before somebody else's write: as absent counts what may have been past its time by then. */
  #isFading(found: number, ended: number): boolean {
    if (found !== ABSENT) return this.#fading.has(found);
    return [...this.#fading].some(([number, { mayEnd }]) => number === ABSENT || ended + SLACK >= mayEnd);
  }
}
