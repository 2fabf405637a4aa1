/**
 * Tracking sessions: which cached entries may still be served.
 *
 * A session begins when a link to the store is ready to be told of changes, and has a number that no other one had.
 * Everything cached by it carries the number. While its connections last, every foreign change of what was read in it
 * is told. When they are lost nothing is told any more, but as long as the store can't be reached again its entries
 * are the best there is: the session stays trusted. With the link's next session it ends, and with it, at once and in
 * all threads, the right of all its entries to be served. So it does when another worker hears from the same server: then
 * the server can be reached, and what the lost link would have been told is told to nobody.
 *
 * Session 0 is that of entries which carry none: those of a snapshot, of a data file, or of a map without a store. It is
 * trusted until it is ended like others, when a store that others change has been reached for the first time.
 *
 * All words are in shared memory and accessed by Atomics. A reader loads an entry first, by the map's own rules, and then
 * asks here: a session that has ended never begins again, so the answer can't be too good.
 */
import { createHash } from 'node:crypto';

/** Sessions at a time: one per link, and each worker has a link to each master. */
const CELLS = 4096;
const CELL_MASK = CELLS - 1;

/** Numbers stand in the low bits of an entry's label. */
export const SESSION_BITS = 28;
export const MAX_SESSION = 2 ** SESSION_BITS - 1;

/** Of entries that carry no number. */
export const UNLABELLED = 0;

const LAST_NUMBER = 0;
/** How many workers have reached the store. */
const CONNECTED = 1;
/** 1 once entries that carry no session are not trusted any more. */
const UNLABELLED_ENDED = 2;
/** How many sessions have lost their connection. */
const LOSSES = 3;
const HEADER_WORDS = 16;
/** A word per worker: 1 once it has. */
const WORKERS = 1024;

/** Structured-cloneable: what another thread attaches to. */
export interface SessionsHandle {
  readonly buffer: SharedArrayBuffer;
}

export class Sessions {
  readonly #buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  /** The session that is trusted, by the low bits of its number; 0 = none. */
  readonly #trusted: Int32Array;
  /** Which session of the cell began last, and whose it is: see `ownership`. */
  readonly #owners: Int32Array;

  readonly #reached: Int32Array;
  /** The session that has lost its connection, if it is still the one in `#trusted`: which loss it was, and of which server. */
  readonly #lost: Int32Array;
  readonly #lossNumbers: Int32Array;
  readonly #lostServers: Int32Array;

  private constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
    this.#header = new Int32Array(buffer, 0, HEADER_WORDS);
    this.#trusted = new Int32Array(buffer, HEADER_WORDS * 4, CELLS);
    this.#owners = new Int32Array(buffer, (HEADER_WORDS + CELLS) * 4, CELLS);
    this.#reached = new Int32Array(buffer, (HEADER_WORDS + 2 * CELLS) * 4, WORKERS);
    const afterReached = HEADER_WORDS + 2 * CELLS + WORKERS;
    this.#lost = new Int32Array(buffer, afterReached * 4, CELLS);
    this.#lossNumbers = new Int32Array(buffer, (afterReached + CELLS) * 4, CELLS);
    this.#lostServers = new Int32Array(buffer, (afterReached + 2 * CELLS) * 4, CELLS);
  }

  static create(): Sessions {
    return new Sessions(new SharedArrayBuffer((HEADER_WORDS + 5 * CELLS + WORKERS) * 4));
  }

  static attach(handle: SessionsHandle): Sessions {
    return new Sessions(handle.buffer);
  }

  get handle(): SessionsHandle {
    return { buffer: this.#buffer };
  }

  /**
   * Begins a session.
   *
   * @param worker whose link it is, from 0
   * @throws {RangeError} when there are as many as there can be
   */
  begin(worker: number): number {
    for (let attempt = 0; attempt < CELLS; attempt++) {
      const number = ((Atomics.add(this.#header, LAST_NUMBER, 1) >>> 0) % MAX_SESSION) + 1;
      const cell = number & CELL_MASK;
      if (Atomics.compareExchange(this.#trusted, cell, 0, number) !== 0) continue;
      // A thread that dies before this leaves a session that nothing was cached in.
      Atomics.store(this.#owners, cell, ownership(number, worker));
      return number;
    }
    throw new RangeError(`no more than ${CELLS} connections to the store at a time`);
  }

  /** Ends a session: what was cached in it is not served any more. */
  end(session: number): void {
    if (session === UNLABELLED) Atomics.store(this.#header, UNLABELLED_ENDED, 1);
    else Atomics.compareExchange(this.#trusted, session & CELL_MASK, session, 0);
  }

  /** Ends all sessions of a worker that has died: nobody hears what its connections would have told. */
  endAllOf(worker: number): void {
    for (let cell = 0; cell < CELLS; cell++) {
      const session = Atomics.load(this.#trusted, cell);
      if (session !== 0 && Atomics.load(this.#owners, cell) === ownership(session, worker)) this.end(session);
    }
  }

  /**
   * Says that the connection of a session is lost.
   *
   * ORDER: counted last. Whoever reads a count that has it in it finds the session, and asks its server later than this.
   *
   * @param server its name
   */
  lose(session: number, server: string): void {
    const cell = session & CELL_MASK;
    Atomics.store(this.#lostServers, cell, hashOf(server));
    Atomics.store(this.#lossNumbers, cell, Atomics.load(this.#header, LOSSES) + 1);
    Atomics.store(this.#lost, cell, session);
    Atomics.add(this.#header, LOSSES, 1);
  }

  /** How many sessions have lost their connection: to be read before a server is asked whether it is there. */
  get losses(): number {
    return Atomics.load(this.#header, LOSSES);
  }

  /**
   * Ends the sessions of a server that were lost before it was asked and has answered.
   *
   * @param losses as they were when it was asked
   */
  endLost(server: string, losses: number): void {
    const hash = hashOf(server);
    for (let cell = 0; cell < CELLS; cell++) {
      const session = Atomics.load(this.#trusted, cell);
      if (session === 0 || Atomics.load(this.#lost, cell) !== session) continue;
      if (Atomics.load(this.#lostServers, cell) !== hash) continue;
      if (Atomics.load(this.#lossNumbers, cell) <= losses) this.end(session);
    }
  }

  isTrusted(session: number): boolean {
    if (session === UNLABELLED) return Atomics.load(this.#header, UNLABELLED_ENDED) === 0;
    return Atomics.load(this.#trusted, session & CELL_MASK) === session;
  }

  /** Says that a worker has reached the store, as it or one before it in its place may have done already. */
  countConnected(worker: number): void {
    if (Atomics.exchange(this.#reached, worker, 1) === 1) return;
    Atomics.add(this.#header, CONNECTED, 1);
    Atomics.notify(this.#header, CONNECTED);
  }

  /** Resolves when so many workers have reached the store, or when `signal` is aborted. */
  async untilConnected(workers: number, signal: AbortSignal): Promise<void> {
    for (;;) {
      const connected = Atomics.load(this.#header, CONNECTED);
      if (connected >= workers || signal.aborted) return;
      const waiting = Atomics.waitAsync(this.#header, CONNECTED, connected, ABORT_CHECK_INTERVAL);
      if (waiting.async) await waiting.value;
    }
  }
}

/** Milliseconds between looks whether the program is to end meanwhile. */
const ABORT_CHECK_INTERVAL = 100;

/**
 * A word for a session and the worker it belongs to: the high bits of its number, with the worker plus one in place of the
 * low ones, which are the cell's. A session that has just begun in the cell of one that has ended is not taken for that.
 */
function ownership(session: number, worker: number): number {
  return (session & ~CELL_MASK) | (worker + 1);
}

/** Servers are few: that two of them have the same 32 bits ends sessions too early, and is not to be expected. */
function hashOf(server: string): number {
  return createHash('sha1').update(server).digest().readInt32LE();
}
