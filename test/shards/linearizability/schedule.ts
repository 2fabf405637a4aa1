/**
 * Interleavings chosen instead of hoped for: of several threads one runs at a time, and at any of its accesses to
 * shared words another one may get its turn. Which one, and after how many accesses, is drawn from a sequence in
 * shared memory, so the same seed gives the same history (Burckhardt et al., "A Randomized Scheduler with
 * Probabilistic Guarantees of Finding Bugs", ASPLOS 2010, is the idea). All instants of the code are reached so,
 * not only those at which the operating system happens to turn to another thread.
 *
 * Only who has the turn writes to the words here, but for the first one's.
 */

/** Whose turn it is: thread number plus one; 0 = nobody's yet. */
const TURN = 0;
const RANDOM = 1;
/** Bit set of the threads that have not done with this round. */
const ACTIVE = 2;
const WORDS = 3;

/** Most accesses in a row, until the next draw. */
const LONGEST_RUN = 150;

// Before anybody replaces them: see stepping.ts.
const { load, store, notify, wait } = Atomics;

export function makeSchedule(seed: number): Int32Array<SharedArrayBuffer> {
  const words = new Int32Array(new SharedArrayBuffer(4 * WORDS));
  words[RANDOM] = seed;
  return words;
}

export class Schedule {
  readonly #words: Int32Array;
  readonly #me: number;
  readonly #threads: number;
  /** Accesses until the turn goes on. */
  #left = 0;
  #alone = false;

  constructor(words: Int32Array, me: number, threads: number) {
    this.#words = words;
    this.#me = me;
    this.#threads = threads;
  }

  /** Begins the first round, in one of the threads. */
  begin(): void {
    this.#startRound();
    this.#pass();
  }

  /** Waits for the turn in a round. */
  enter(): void {
    this.#await();
  }

  /** Ahead of each access. */
  access(): void {
    if (!this.#alone && --this.#left <= 0) this.rest();
  }

  /** Gives the turn to any thread, maybe itself. */
  rest(): void {
    if (this.#pass() !== this.#me) this.#await();
    else this.#left = this.#draw();
  }

  /** Gives the turn to others, as this thread can't go on; false when there are none. */
  giveWay(): boolean {
    if (this.#alone || (load(this.#words, ACTIVE) & ~(1 << this.#me)) === 0) return false;
    while (this.#pass() === this.#me);
    this.#await();
    return true;
  }

  /** Has done with the round. The last one calls `between` before the next round begins. */
  leave(between: () => void): void {
    const active = load(this.#words, ACTIVE) & ~(1 << this.#me);
    store(this.#words, ACTIVE, active);
    if (active === 0) {
      this.#alone = true;
      between();
      this.#alone = false;
      this.#startRound();
    }
    this.#pass();
  }

  #startRound(): void {
    store(this.#words, ACTIVE, (1 << this.#threads) - 1);
  }

  /** Chooses who is next, and wakes it. */
  #pass(): number {
    const active = load(this.#words, ACTIVE);
    let next: number;
    do next = this.#below(this.#threads);
    while (!(active & (1 << next)));
    store(this.#words, TURN, next + 1);
    if (next !== this.#me) notify(this.#words, TURN);
    return next;
  }

  #await(): void {
    for (;;) {
      const turn = load(this.#words, TURN);
      if (turn === this.#me + 1) break;
      wait(this.#words, TURN, turn);
    }
    this.#left = this.#draw();
  }

  /** Short runs often, long ones seldom. */
  #draw(): number {
    return 1 + this.#below(1 + this.#below(1 + this.#below(LONGEST_RUN)));
  }

  /** mulberry32, as in support.ts, with its state in shared memory. */
  #below(limit: number): number {
    const state = (load(this.#words, RANDOM) + 0x6d2b79f5) | 0;
    store(this.#words, RANDOM, state);
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  }
}
