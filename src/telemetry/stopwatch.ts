/**
 * Times the read events of a lane. To read the clock twice takes a tenth of a microsecond, which is more than one percent of
 * what a small request takes. So each event is timed as long as they are few, and beyond that one of {@link STEP}. Requests
 * of events that are not timed are taken to have been as fast as those of the next one that is. So all are in the histogram,
 * but for those of the last few events in a busy second, which wait there for the next event.
 */
import type { Protocol, RequestCounters } from './requests.js';

/** Events of a second that are all timed, and how many of those beyond make one that is. */
export const ALL_TIMED = 1_000;
export const STEP = 8;

/** Milliseconds. */
const SECOND = 1_000;

export class Stopwatch {
  readonly #requests: RequestCounters;
  readonly #worker: number;
  readonly #protocol: Protocol;
  readonly #now: () => number;
  #second = Number.NEGATIVE_INFINITY;
  #timed = 0;
  #skips = 0;
  /** Answered in events that were not timed. */
  #pending = 0;

  /**
   * @param worker the row of the lane's worker, from 0
   * @param now milliseconds; another clock than the default is for tests
   */
  constructor(
    requests: RequestCounters,
    worker: number,
    protocol: Protocol,
    now: () => number = () => performance.now(),
  ) {
    this.#requests = requests;
    this.#worker = worker;
    this.#protocol = protocol;
    this.#now = now;
  }

  /** An event begins. Returns what {@link end} is to be given: when that was, or NaN. */
  begin(): number {
    if (this.#skips > 0) {
      this.#skips--;
      return Number.NaN;
    }
    const now = this.#now();
    if (now - this.#second >= SECOND) {
      this.#second = now;
      this.#timed = 0;
    }
    this.#timed++;
    if (this.#timed > ALL_TIMED) this.#skips = STEP - 1;
    return now;
  }

  /** The event has ended: so many requests have been answered. */
  end(began: number, answered: number): void {
    this.#pending += answered;
    if (Number.isNaN(began) || this.#pending === 0) return;
    this.#requests.took(this.#worker, this.#protocol, this.#pending, this.#now() - began);
    this.#pending = 0;
  }

  /** A request that had to wait has been answered: it is timed by itself, from `began` on. */
  waited(began: number): void {
    this.#requests.took(this.#worker, this.#protocol, 1, this.#now() - began);
  }
}
