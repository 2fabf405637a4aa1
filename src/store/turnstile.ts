/**
 * Turns: how a command over several keys is atomic although reads of the map take no lock. Whoever touches the map does
 * so inside a turn, of which all workers may have one at the same time; a command over several keys has the map to
 * itself (`exclusively`): nobody, in no worker and by no protocol, sees a part of it or writes in the middle of it.
 *
 * In shared memory there is a gate, which holds the number of the worker that has the map to itself, and a word per
 * worker, on a cache line of its own, which says whether the worker is inside a turn, or wants to be. So a turn costs two stores and two
 * loads of words that nobody else writes as a rule. It is Dekker's handshake: each side stores its own word, then loads
 * the other's.
 *
 * ORDER T1: who enters: its busy word (`Atomics.store`), then the gate (`Atomics.load`).
 * ORDER T2: who wants the map: the gate (`Atomics.compareExchange`), then each busy word (`Atomics.load`).
 *   All four are in one total order. If the load of the gate comes before the exchange, so does the store of the busy
 *   word, and it is found: the turn is waited for. If it comes after, the gate is found taken: the worker goes back.
 * ORDER T3: what is done to the map inside a turn, then the busy word's OUTSIDE (`Atomics.store`). Pairs with T2's load of it:
 *   who has the map to itself sees all of it.
 * ORDER T4: what is done by who has the map to itself, then the gate's 0 (`Atomics.compareExchange`). Pairs with T1's
 *   load of it: all of it is seen in the next turn. A turn that found the gate free without waiting for this one comes
 *   wholly before it, by T2.
 *
 * No wake-up is lost: the waiting sleep by `Atomics.wait`, which looks at the word once more, and whoever changes it notifies
 * if the other may wait: who leaves loads the gate after its store (as in T1: either the gate is seen, or the new word is). All
 * waits are bounded besides.
 *
 * Nobody is kept out: who wants the map to himself lets those in first that wait for a turn, for a millisecond at most.
 *
 * DEATHS: a thread that dies inside a turn leaves a busy word, one that dies with the map to itself leaves the gate as
 * well, and perhaps a part of what it did. `release` takes both back; the supervisor calls it once the thread is gone,
 * before there is another one in its place. Until then others wait. So the supervisor's own thread must never enter when
 * there are workers: it would wait for what it alone can end. It need not. Of the map it touches then
 *
 * - the loader's writes of lines. They never replace what a user has written, and who has to know what a key has waits
 *   for the load to be over first (`SettlingCache`), so a line is as good as one that came before the command;
 * - the snapshot, which is saved when the workers have ended.
 */

/** Words of two cache lines: processors fetch pairs of lines. */
const ROW_WORDS = 32;
/** 0: free; otherwise the number of the worker, from 0, plus one. */
const GATE = 0;
const FREE = 0;
/** Index of the first worker's busy word. */
const FIRST_ROW = ROW_WORDS;

/** What a busy word says. */
const OUTSIDE = 0;
const INSIDE = 1;
const WAITING = 2;

/** Looks at a word before the thread sleeps: a turn takes a microsecond. */
const SPINS = 200;
/** Longest sleep in milliseconds, before the word is looked at again. */
const LONGEST_SLEEP = 10;
/** Longest that one who waits for a turn is let in first, in milliseconds. */
const LONGEST_COURTESY = 1;

/** Structured-cloneable: what another thread attaches to. */
export interface TurnstileHandle {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
}

export class Turnstile {
  readonly #words: Int32Array;
  readonly #turns = new Map<number, Turn>();

  private constructor(readonly handle: TurnstileHandle) {
    this.#words = new Int32Array(handle.buffer);
  }

  /** @param workers at least 1 */
  static create(workers: number): Turnstile {
    const buffer = new SharedArrayBuffer((FIRST_ROW + workers * ROW_WORDS) * 4);
    return new Turnstile({ buffer, workers });
  }

  static attach(handle: TurnstileHandle): Turnstile {
    return new Turnstile(handle);
  }

  /**
   * The turn of a worker, always the same object: everything that works on the map in a worker's thread has to share
   * it, and no other thread may have it.
   *
   * @param worker from 0
   * @throws {RangeError} when there is no such worker
   */
  turnOf(worker: number): Turn {
    const { workers } = this.handle;
    if (!(worker >= 0 && worker < workers)) throw new RangeError(`no worker ${worker} of ${workers}`);
    let turn = this.#turns.get(worker);
    if (turn === undefined) {
      turn = new Turn(this.#words, worker, workers);
      this.#turns.set(worker, turn);
    }
    return turn;
  }

  /** Takes back what a worker's thread has left that is dead, before there is another one in its place. */
  release(worker: number): void {
    const words = this.#words;
    const busy = rowOf(worker);
    Atomics.store(words, busy, OUTSIDE);
    Atomics.notify(words, busy);
    free(words, worker + 1);
  }
}

/** One worker's side. What it does between `enter` and `leave` must be synchronous. */
export class Turn {
  readonly #words: Int32Array;
  readonly #worker: number;
  readonly #workers: number;
  /** Index of this worker's busy word. */
  readonly #busy: number;
  /** How often it has been entered and not left; one more while the worker has the map to itself. */
  #depth = 0;
  #isExclusive = false;

  constructor(words: Int32Array, worker: number, workers: number) {
    this.#words = words;
    this.#worker = worker;
    this.#workers = workers;
    this.#busy = rowOf(worker);
  }

  /**
   * Begins a turn, when nobody has the map to itself; blocks the thread until then. What is entered has to be left,
   * after an exception too. May be nested.
   */
  enter(): void {
    if (this.#depth++ > 0) return;
    const words = this.#words;
    Atomics.store(words, this.#busy, INSIDE);
    if (Atomics.load(words, GATE) !== FREE) this.#waitToEnter();
  }

  leave(): void {
    if (--this.#depth === 0) this.#become(OUTSIDE);
  }

  /** Runs a function inside a turn. */
  within<T>(run: () => T): T {
    this.enter();
    try {
      return run();
    } finally {
      this.leave();
    }
  }

  /**
   * Runs a function while nobody else is inside a turn; blocks the thread until then. Inside itself it just runs.
   *
   * Inside a turn it gives that up and takes it back afterwards: others may have had the map to themselves before.
   *
   * @param run synchronous. What it throws is thrown on; what it has done by then stays
   */
  exclusively<T>(run: () => T): T {
    if (this.#isExclusive) return run();
    if (this.#depth > 0) this.#become(OUTSIDE);
    this.#takeGate();
    this.#isExclusive = true;
    this.#depth++;
    try {
      this.#waitForOthers();
      return run();
    } finally {
      this.#isExclusive = false;
      this.#depth--;
      // Before the gate: nobody may have the map to himself in between.
      if (this.#depth > 0) Atomics.store(this.#words, this.#busy, INSIDE);
      free(this.#words, this.#worker + 1);
    }
  }

  #become(state: number): void {
    const words = this.#words;
    Atomics.store(words, this.#busy, state);
    if (Atomics.load(words, GATE) !== FREE) Atomics.notify(words, this.#busy);
  }

  #waitToEnter(): void {
    const words = this.#words;
    do {
      this.#become(WAITING);
      const holder = Atomics.load(words, GATE);
      if (holder !== FREE) waitWhile(words, GATE, holder, LONGEST_SLEEP);
      Atomics.store(words, this.#busy, INSIDE);
    } while (Atomics.load(words, GATE) !== FREE);
    // Somebody may stand back for this.
    Atomics.notify(words, this.#busy);
  }

  #takeGate(): void {
    const words = this.#words;
    for (;;) {
      this.#standBack();
      const holder = Atomics.compareExchange(words, GATE, FREE, this.#worker + 1);
      if (holder === FREE) return;
      waitWhile(words, GATE, holder, LONGEST_SLEEP);
    }
  }

  /** Lets those in that wait for a turn. */
  #standBack(): void {
    const words = this.#words;
    for (let worker = 0; worker < this.#workers; worker++) {
      const busy = rowOf(worker);
      if (Atomics.load(words, busy) !== WAITING || Atomics.load(words, GATE) !== FREE) continue;
      waitWhile(words, busy, WAITING, LONGEST_COURTESY);
    }
  }

  #waitForOthers(): void {
    const words = this.#words;
    for (let worker = 0; worker < this.#workers; worker++) {
      const busy = rowOf(worker);
      while (Atomics.load(words, busy) === INSIDE) waitWhile(words, busy, INSIDE, LONGEST_SLEEP);
    }
  }
}

/** Returns when a word is no longer what it was, or after `longest` milliseconds. */
function waitWhile(words: Int32Array, word: number, was: number, longest: number): void {
  for (let i = 0; i < SPINS; i++) if (Atomics.load(words, word) !== was) return;
  Atomics.wait(words, word, was, longest);
}

/** Opens the gate, if it is still that worker's. */
function free(words: Int32Array, holder: number): void {
  if (Atomics.compareExchange(words, GATE, holder, FREE) === holder) Atomics.notify(words, GATE);
}

function rowOf(worker: number): number {
  return FIRST_ROW + worker * ROW_WORDS;
}
