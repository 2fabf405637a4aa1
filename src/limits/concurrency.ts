/**
 * The concurrency limit: how many requests may be in flight over all workers, and in which order those past it
 * get their turn. Waiting requests stand in a queue per worker, first come first served; the backlog limit
 * counts all queues together. Nobody waits longer than the wait limit.
 *
 * A place is for who has to wait: for a store, the rest of a body, a client that does not take its answer. What can be
 * answered at once needs none, and is answered whatever others wait for, until the limit {@link ConcurrencyLimit.isSpent}.
 *
 * ## No wake-up is lost
 *
 * A worker with a queue looks in this order: (1) join the backlog, (2) read the number of announcements, (3) try
 * to take a place, (4) sleep until that number changes. A worker that frees a place does: (a) free it, (b) read
 * the backlog, (c) announce when somebody waits. All are atomic accesses, hence in one total order. When (3)
 * fails because it came before (a), then (1) came before (b), the announcement is made, and made after (2):
 * (4) returns. When (3) came after (a), somebody else has the place and will free it by the same rule.
 *
 * An announcement wakes one worker. If that one no longer has anybody waiting, it passes the announcement on. If
 * it dies instead, `releaseAllOf` wakes everybody. What else may go wrong costs {@link RECHECK_INTERVAL}.
 *
 * ## Nobody is passed over for long
 *
 * A freed place goes to the queue of the worker that freed it, without a word to the others, but at most
 * {@link HAND_ON_LIMIT} times in a row while others wait. And a worker whose queue has just begun stands back
 * once, for {@link STAND_BACK} at most, when others wait already.
 */
import { type ConcurrencyLimitHandle, createPlaces, Places } from './places.js';

export { type ConcurrencyLimitHandle, releaseAllOf } from './places.js';

/** Longest that a request waits for a place, in milliseconds. */
export const WAIT_LIMIT = 10_000;

/** Places handed on within one worker before one is offered to the others that wait. */
const HAND_ON_LIMIT = 16;

/** How long a worker leaves a free place to those who waited before it, in milliseconds. */
const STAND_BACK = 2;

/** How often a worker with a queue looks for a free place without having been woken, in milliseconds. */
const RECHECK_INTERVAL = 250;

export interface ConcurrencyLimitOptions {
  /** Requests in flight over all workers, at least 1. */
  readonly concurrencyLimit: number;
  /** Requests that may wait for a place, over all workers; 0 = none. */
  readonly backlogLimit: number;
  /** Workers that share the limit, at least 1. */
  readonly workers: number;
  /** Longest that a request waits, in milliseconds; {@link WAIT_LIMIT} when absent. */
  readonly waitLimit?: number;
  /** How often a queue looks for a place unasked, in milliseconds; {@link RECHECK_INTERVAL} when absent. */
  readonly recheckInterval?: number;
}

/** A request in the queue. */
export interface Waiter {
  /** When it gives up, by the clock of `performance.now()`. */
  readonly deadline: number;
  /** Told once: true when it has a place now, which it must release; false when it has waited too long. */
  readonly onTurn: (acquired: boolean) => void;
}

/** What `/stats` shows of the limit. */
export interface ConcurrencyUsage {
  readonly inFlight: number;
  readonly waiting: number;
  readonly concurrencyLimit: number;
  readonly backlogLimit: number;
}

export class ConcurrencyLimit {
  readonly #handle: ConcurrencyLimitHandle;
  readonly #places: Places;
  readonly #queue = new Set<Waiter>();
  #handedOn = 0;
  #watching = false;
  #deadlineTimer: NodeJS.Timeout | undefined;

  private constructor(handle: ConcurrencyLimitHandle, worker: number) {
    this.#handle = handle;
    this.#places = new Places(handle, worker);
  }

  /** Makes the limit that all workers of a process share. One thread does it and passes the handle on. */
  static create(options: ConcurrencyLimitOptions): ConcurrencyLimitHandle {
    const { concurrencyLimit, backlogLimit, workers } = options;
    const { waitLimit = WAIT_LIMIT, recheckInterval = RECHECK_INTERVAL } = options;
    return {
      buffer: createPlaces(workers),
      concurrencyLimit,
      backlogLimit,
      workers,
      waitLimit,
      recheckInterval,
    };
  }

  /**
   * The limit as one worker uses it.
   *
   * @param worker the worker's row, from 0
   * @throws {RangeError} when there is no such row
   */
  static attach(handle: ConcurrencyLimitHandle, worker: number): ConcurrencyLimit {
    return new ConcurrencyLimit(handle, worker);
  }

  get usage(): ConcurrencyUsage {
    const { concurrencyLimit, backlogLimit } = this.#handle;
    return { inFlight: this.#places.taken, waiting: this.#places.waiting, concurrencyLimit, backlogLimit };
  }

  /** Whether there is neither a place nor room in the backlog: then everybody is turned away. */
  get isSpent(): boolean {
    return this.#places.areTaken && this.#places.isBacklogFull;
  }

  /** Takes a place if one is free and nobody waits for it. The caller must {@link release} it. */
  tryAcquire(): boolean {
    return this.#places.waiting === 0 && this.#places.take();
  }

  /**
   * Queues for a place. `onTurn` may be called before this returns.
   *
   * @returns what to {@link leave} the queue with; `undefined` when the backlog is full
   */
  wait(onTurn: (acquired: boolean) => void): Waiter | undefined {
    if (!this.#places.joinBacklog()) return undefined;
    const waiter: Waiter = { deadline: performance.now() + this.#handle.waitLimit, onTurn };
    this.#queue.add(waiter);
    if (this.#deadlineTimer === undefined) this.#setDeadlineTimer(this.#handle.waitLimit);
    if (!this.#watching) void this.#watch();
    return waiter;
  }

  /** Gives up waiting, unless the turn has come already. */
  leave(waiter: Waiter): void {
    if (this.#queue.delete(waiter)) this.#places.leaveBacklog();
  }

  /** Frees a place that was acquired in this worker: for the head of the queue here, or for whoever waits. */
  release(): void {
    const next = this.#head();
    if (next !== undefined && (this.#handedOn < HAND_ON_LIMIT || !this.#places.othersWait)) {
      this.#handedOn += 1;
      this.#settle(next, true);
      return;
    }
    this.#handedOn = 0;
    this.#places.free();
    if (this.#places.waiting > 0) this.#places.announce();
  }

  /** Runs while there is a queue: one sleeper per worker, however many wait in it. */
  async #watch(): Promise<void> {
    this.#watching = true;
    let standBack = this.#places.othersWait;
    while (this.#queue.size > 0) {
      const seen = this.#places.announcements;
      if (!standBack) this.#serve();
      if (this.#queue.size === 0) break;
      await this.#places.nextAnnouncement(seen, standBack ? STAND_BACK : this.#handle.recheckInterval);
      standBack = false;
    }
    this.#watching = false;
    // The announcement that ended the sleep may have been meant for a request that is gone.
    if (this.#places.waiting > 0 && !this.#places.areTaken) this.#places.announce();
  }

  #serve(): void {
    for (;;) {
      const next = this.#head();
      if (next === undefined || !this.#places.take()) return;
      this.#settle(next, true);
    }
  }

  #settle(waiter: Waiter, acquired: boolean): void {
    this.#queue.delete(waiter);
    this.#places.leaveBacklog();
    waiter.onTurn(acquired);
  }

  #head(): Waiter | undefined {
    for (const waiter of this.#queue) return waiter;
    return undefined;
  }

  /** One timer per queue is enough: who came first gives up first. */
  #setDeadlineTimer(delay: number): void {
    this.#deadlineTimer = setTimeout(() => this.#expire(), delay).unref();
  }

  #expire(): void {
    this.#deadlineTimer = undefined;
    const now = performance.now();
    for (const waiter of this.#queue) {
      if (waiter.deadline > now) {
        this.#setDeadlineTimer(Math.ceil(waiter.deadline - now));
        return;
      }
      this.#settle(waiter, false);
    }
  }
}
