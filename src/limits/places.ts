/**
 * The places for requests in flight, counted in shared memory: how many are taken over all workers, how many
 * requests wait for one, and how much of both each worker answers for. The order in which waiting requests get
 * a place is `concurrency.ts`'s matter.
 *
 * The totals decide; the rows are there so that a dead worker's share can be given back. Each change is two
 * atomic steps, total and row, in straight-line code: a terminated worker stops at a call or a loop's end, so
 * never between the two.
 */

/** Requests in flight over all workers, requests waiting over all workers, announcements made so far. */
const IN_FLIGHT = 0;
const WAITING = 1;
const ANNOUNCEMENTS = 2;
const HEADER_WORDS = 16;

/** A worker's share of the totals. Two cache lines a row, so that no two workers write to the same line. */
const ROW_WORDS = 32;
const ROW_IN_FLIGHT = 0;
const ROW_WAITING = 1;

/** Structured-cloneable: the limit as one thread creates it and all threads attach to it. */
export interface ConcurrencyLimitHandle {
  readonly buffer: SharedArrayBuffer;
  /** Requests in flight over all workers, at most. */
  readonly concurrencyLimit: number;
  /** Requests waiting for a place over all workers, at most. */
  readonly backlogLimit: number;
  /** Rows: one per worker. */
  readonly workers: number;
  /** Longest that a request waits for a place, in milliseconds. */
  readonly waitLimit: number;
  /** How often a worker with a queue looks for a place without having been woken, in milliseconds. */
  readonly recheckInterval: number;
}

/** Memory for the places of `workers` workers, all of them free. */
export function createPlaces(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((HEADER_WORDS + workers * ROW_WORDS) * Int32Array.BYTES_PER_ELEMENT);
}

/**
 * Frees what a worker that has died had taken, and forgets its waiting requests. To be called after the thread
 * has ended and before another one uses its row.
 *
 * @param worker row of the dead worker, from 0
 */
export function releaseAllOf(handle: ConcurrencyLimitHandle, worker: number): void {
  const words = new Int32Array(handle.buffer);
  const row = rowOf(worker);
  Atomics.sub(words, IN_FLIGHT, Atomics.exchange(words, row + ROW_IN_FLIGHT, 0));
  Atomics.sub(words, WAITING, Atomics.exchange(words, row + ROW_WAITING, 0));
  Atomics.add(words, ANNOUNCEMENTS, 1);
  Atomics.notify(words, ANNOUNCEMENTS);
}

/** The places as one worker takes and frees them. */
export class Places {
  readonly #words: Int32Array;
  readonly #limit: number;
  readonly #backlog: number;
  readonly #row: number;

  constructor(handle: ConcurrencyLimitHandle, worker: number) {
    if (!Number.isInteger(worker) || worker < 0 || worker >= handle.workers) {
      throw new RangeError(`worker must be 0 to ${handle.workers - 1}, not ${worker}`);
    }
    this.#words = new Int32Array(handle.buffer);
    this.#limit = handle.concurrencyLimit;
    this.#backlog = handle.backlogLimit;
    this.#row = rowOf(worker);
  }

  /** Places taken, over all workers. */
  get taken(): number {
    return Atomics.load(this.#words, IN_FLIGHT);
  }

  /** Requests waiting for a place, over all workers. */
  get waiting(): number {
    return Atomics.load(this.#words, WAITING);
  }

  /** Whether no place is free. */
  get areTaken(): boolean {
    return this.taken >= this.#limit;
  }

  /** Whether nobody more may wait. */
  get isBacklogFull(): boolean {
    return this.waiting >= this.#backlog;
  }

  /** Whether a request of another worker waits for a place. */
  get othersWait(): boolean {
    return Atomics.load(this.#words, WAITING) > Atomics.load(this.#words, this.#row + ROW_WAITING);
  }

  /** Takes a place. False when all are taken. */
  take(): boolean {
    return this.#addUpTo(this.#limit, IN_FLIGHT, this.#row + ROW_IN_FLIGHT);
  }

  /** Frees a place that this worker has taken. */
  free(): void {
    Atomics.sub(this.#words, this.#row + ROW_IN_FLIGHT, 1);
    Atomics.sub(this.#words, IN_FLIGHT, 1);
  }

  /** Counts one more waiting request. False when the backlog is full. */
  joinBacklog(): boolean {
    return this.#addUpTo(this.#backlog, WAITING, this.#row + ROW_WAITING);
  }

  /** Counts one waiting request less, of this worker's. */
  leaveBacklog(): void {
    Atomics.sub(this.#words, this.#row + ROW_WAITING, 1);
    Atomics.sub(this.#words, WAITING, 1);
  }

  /** Announcements made so far: what {@link nextAnnouncement} is told to wait beyond. */
  get announcements(): number {
    return Atomics.load(this.#words, ANNOUNCEMENTS);
  }

  /** Tells the worker that has waited longest for an announcement that a place is free. */
  announce(): void {
    Atomics.add(this.#words, ANNOUNCEMENTS, 1);
    Atomics.notify(this.#words, ANNOUNCEMENTS, 1);
  }

  /** Resolves when more than `seen` announcements have been made, or after `timeout` milliseconds. */
  async nextAnnouncement(seen: number, timeout: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, ANNOUNCEMENTS, seen, timeout);
    if (waiting.async) await waiting.value;
  }

  /** Whoever makes this loop go round again has changed the total, so somebody got on. */
  #addUpTo(limit: number, total: number, share: number): boolean {
    const words = this.#words;
    for (;;) {
      const current = Atomics.load(words, total);
      if (current >= limit) return false;
      if (Atomics.compareExchange(words, total, current, current + 1) === current) {
        Atomics.add(words, share, 1);
        return true;
      }
    }
  }
}

function rowOf(worker: number): number {
  return HEADER_WORDS + worker * ROW_WORDS;
}
