/** Threads that take their turns at one map, and the map as this thread sees it. */
import { Worker } from 'node:worker_threads';
import type { Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { Watches } from '../../src/store/watches.js';
import { PLAIN_THREAD } from '../plain.js';
import { DONE, STOP, type TurnTask } from './fixtures/turn-task.js';

const PROGRAM = new URL('./fixtures/turn-thread.js', import.meta.url);

export interface TurnReport {
  readonly rounds: number;
  readonly flaws: number;
}

export interface TurnThread {
  readonly report: Promise<TurnReport>;
  /** Resolves when the thread is dead. */
  kill(): Promise<unknown>;
}

/** This thread is worker 0. */
export class TurnCrew {
  readonly map = SharedCache.create({ maxMemory: 2 ** 20 });
  readonly turnstile: Turnstile;
  readonly watches: Watches;
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #t: Test;

  constructor(t: Test, workers: number) {
    this.#t = t;
    this.turnstile = Turnstile.create(workers);
    this.watches = Watches.create(workers);
    this.map.set('a', '0');
    this.map.set('b', '0');
    this.map.set('c', '0');
  }

  start(worker: number, kind: TurnTask['kind'], rest: Pick<TurnTask, 'steps' | 'change'> = {}): TurnThread {
    const workerData: TurnTask = {
      map: this.map.handle,
      turnstile: this.turnstile.handle,
      watches: this.watches.handle,
      worker,
      flags: this.#flags,
      kind,
      ...rest,
    };
    const thread = new Worker(PROGRAM, { workerData, ...PLAIN_THREAD });
    this.#t.teardown(() => thread.terminate());
    const report = new Promise<TurnReport>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () => reject(new Error('the thread ended without a report')));
    });
    // Of one that is killed.
    report.catch(() => {});
    return { report, kill: () => thread.terminate() };
  }

  stop(): void {
    Atomics.store(this.#flags, STOP, 1);
  }

  /** How many threads are done, or have come to where they stay. */
  get done(): number {
    return Atomics.load(this.#flags, DONE);
  }

  /** Resolves when so many are; false after `limit` milliseconds. */
  async untilDone(threads: number, limit = 20_000): Promise<boolean> {
    const deadline = performance.now() + limit;
    while (this.done < threads) {
      if (performance.now() >= deadline) return false;
      const waiting = Atomics.waitAsync(this.#flags, DONE, this.done, 20);
      if (waiting.async) await waiting.value;
    }
    return true;
  }

  /** Resolves when a worker holds the gate: it has the map to itself, or waits for others to leave. */
  async untilGateIsTaken(): Promise<void> {
    const gate = new Int32Array(this.turnstile.handle.buffer, 0, 1);
    while (Atomics.load(gate, 0) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
