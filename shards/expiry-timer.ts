/**
 * Sweeps for expired entries several times a second, in whichever thread's timer is first. No thread has to be there for
 * the others: each one that has the cache attached has a timer, which does not keep its process alive, and the time
 * of the last sweep is a word that all of them share.
 */
import type { ExpirySweep } from './expiry.js';
import { CONTROL_SWEPT_AT } from './layout.js';
import type { ControlWords } from './thread-slot.js';

/** Milliseconds between two sweeps. */
const INTERVAL = 128;
/** Milliseconds between two slices of a sweep: the rest of the time is the thread's own. */
const BETWEEN_SLICES = 2;
/** Milliseconds per unit of CONTROL_SWEPT_AT. */
const UNIT = 64;

export class ExpiryTimer {
  readonly #control: ControlWords;
  readonly #sweeps: readonly ExpirySweep[];
  /** The shard being swept. */
  #shard = 0;
  #isSweeping = false;

  private constructor(control: ControlWords, sweeps: readonly ExpirySweep[]) {
    this.#control = control;
    this.#sweeps = sweeps;
  }

  /** Begins. It ends when the cache that it is for is collected: `cache` is held weakly. */
  static start(cache: object, control: ControlWords, sweeps: readonly ExpirySweep[]): void {
    const timer = new ExpiryTimer(control, sweeps);
    const weak = new WeakRef(cache);
    const interval = setInterval(() => {
      if (weak.deref() === undefined) clearInterval(interval);
      else if (!timer.#isSweeping && timer.#isDue()) timer.#sweep();
    }, INTERVAL);
    interval.unref();
  }

  /** True in one thread at a time: the one whose exchange succeeds. */
  #isDue(): boolean {
    const now = Math.floor(Date.now() / UNIT) | 0;
    const last = Atomics.load(this.#control, CONTROL_SWEPT_AT);
    const since = (now - last) | 0;
    // Negative: the system's clock was set back.
    if (since >= 0 && since < INTERVAL / UNIT) return false;
    return Atomics.compareExchange(this.#control, CONTROL_SWEPT_AT, last, now) === last;
  }

  /** Sweeps until all is done or a slice has taken its time; then goes on later. */
  #sweep(): void {
    this.#isSweeping = true;
    while (this.#shard < this.#sweeps.length) {
      if (this.#sweeps[this.#shard]?.sweepSlice() === false) {
        setTimeout(() => this.#sweep(), BETWEEN_SLICES).unref();
        return;
      }
      this.#shard++;
    }
    this.#shard = 0;
    this.#isSweeping = false;
  }
}
