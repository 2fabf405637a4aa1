/** What one connection's requests have of the limits: a place while one of them has to wait, and leave to come in. */
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import type { Bucket } from '../../limits/rate.js';

export class Admission {
  readonly #limit: ConcurrencyLimit;
  readonly #bucket: Bucket | undefined;
  #holdsPlace = false;
  /** The rate limit has admitted the request that is not answered yet. */
  #isAdmitted = false;

  /** @param bucket of the rate limit; undefined: there is none */
  constructor(limit: ConcurrencyLimit, bucket: Bucket | undefined) {
    this.#limit = limit;
    this.#bucket = bucket;
  }

  get holdsPlace(): boolean {
    return this.#holdsPlace;
  }

  /** Whether the next request may come in. One that can be answered at once needs no place for that. */
  admits(): boolean {
    if (!this.#holdsPlace && this.#limit.isSpent) return false;
    this.#isAdmitted ||= this.#bucket?.take() ?? true;
    return this.#isAdmitted;
  }

  /** Takes a place for what has to wait, if the connection has none yet. False: there is none. */
  takePlace(): boolean {
    this.#holdsPlace ||= this.#limit.tryAcquire();
    return this.#holdsPlace;
  }

  /** The request that was admitted has been answered. */
  end(): void {
    this.#isAdmitted = false;
  }

  /** Somebody else is going to ask for leave for the request that was admitted. */
  giveBack(): void {
    if (this.#isAdmitted) this.#bucket?.giveBack();
    this.#isAdmitted = false;
  }

  /** Frees the place, if there is one. */
  release(): void {
    if (!this.#holdsPlace) return;
    this.#holdsPlace = false;
    this.#limit.release();
  }
}
