/**
 * What the workers know together of the clients of the Redis protocol: the next number for one, how many each worker has
 * and has had, and what names this process to them. In shared memory; any worker may read all of it.
 *
 * All words are counted up and down by Atomics, 64 bits wide. A worker counts in a row of its own, so that what a dead one
 * leaves behind can be taken back.
 */
import { randomBytes } from 'node:crypto';

/** Words of a cache line. */
const LINE = 8;
const LAST_ID = 0;
const FIRST_ROW = LINE;
/** In a row: clients now, and ever. */
const OPEN = 0;
const RECEIVED = 1;

/** Structured-cloneable: what another thread attaches to. */
export interface SharedClientsHandle {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
  readonly runId: string;
}

export class SharedClients {
  /** Names this run of the process: 40 hexadecimal digits. */
  readonly runId: string;
  readonly workers: number;
  readonly #words: BigInt64Array;

  private constructor(readonly handle: SharedClientsHandle) {
    this.runId = handle.runId;
    this.workers = handle.workers;
    this.#words = new BigInt64Array(handle.buffer);
  }

  /** @param workers at least 1 */
  static create(workers: number): SharedClients {
    const buffer = new SharedArrayBuffer((FIRST_ROW + workers * LINE) * BigInt64Array.BYTES_PER_ELEMENT);
    return new SharedClients({ buffer, workers, runId: randomBytes(20).toString('hex') });
  }

  static attach(handle: SharedClientsHandle): SharedClients {
    return new SharedClients(handle);
  }

  /** A number that no client has had, from 1. */
  nextId(): number {
    return Number(Atomics.add(this.#words, LAST_ID, 1n)) + 1;
  }

  /** Clients that are connected now, over all workers. */
  get open(): number {
    return this.#sum(OPEN);
  }

  /** Clients that have ever connected, over all workers. */
  get received(): number {
    return this.#sum(RECEIVED);
  }

  /** Workers that have clients, beside one. */
  othersWithClients(worker: number): number {
    let count = 0;
    for (let other = 0; other < this.workers; other++) {
      if (other !== worker && Atomics.load(this.#words, rowOf(other) + OPEN) > 0n) count++;
    }
    return count;
  }

  /** Counts a client that has connected. @param worker from 0 */
  countOpened(worker: number): void {
    Atomics.add(this.#words, rowOf(worker) + OPEN, 1n);
    Atomics.add(this.#words, rowOf(worker) + RECEIVED, 1n);
  }

  /** Counts one that has gone. */
  countClosed(worker: number): void {
    Atomics.sub(this.#words, rowOf(worker) + OPEN, 1n);
  }

  /** Forgets the clients of a worker whose thread is gone, before there is another one in its place. */
  release(worker: number): void {
    Atomics.store(this.#words, rowOf(worker) + OPEN, 0n);
  }

  #sum(cell: number): number {
    let sum = 0n;
    for (let worker = 0; worker < this.workers; worker++)
      sum += Atomics.load(this.#words, rowOf(worker) + cell);
    return Number(sum);
  }
}

function rowOf(worker: number): number {
  return FIRST_ROW + worker * LINE;
}
