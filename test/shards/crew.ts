/** Worker threads that work on a cache together: started at one instant, each wait bounded, ended with the test. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Test } from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { PLAIN_THREAD } from '../plain.js';
import type { Job, Report, WorkerInput } from './fixtures/job.js';
import { SEED } from './support.js';

const PROGRAM = new URL('./fixtures/cache-worker.js', import.meta.url);

/** Milliseconds after which whatever a test waits for is taken to hang. */
const LIMIT = 60_000;

export class Crew {
  readonly workers: readonly Worker[];
  readonly #flags = new Int32Array(new SharedArrayBuffer(8));
  readonly #reports: Promise<Report>[];
  #working: number;

  private constructor(cache: SharedCache, jobs: readonly Job[]) {
    this.workers = jobs.map((job, i) => {
      const workerData: WorkerInput = { handle: cache.handle, job, seed: SEED + i, flags: this.#flags };
      return new Worker(PROGRAM, { workerData, ...PLAIN_THREAD });
    });
    this.#working = jobs.length;
    this.#reports = this.workers.map((worker) => reportOf(worker));
    for (const report of this.#reports) {
      report
        .catch(() => {})
        .finally(() => {
          this.#working--;
        });
    }
  }

  /** Starts a worker per job, and resolves when all of them are about to begin. */
  static async ready(t: Test, cache: SharedCache, jobs: readonly Job[]): Promise<Crew> {
    const crew = new Crew(cache, jobs);
    t.teardown(() => Promise.all(crew.workers.map((worker) => worker.terminate())));
    await Promise.all(
      crew.workers.map((worker) => once(worker, 'message', { signal: AbortSignal.timeout(LIMIT) })),
    );
    return crew;
  }

  /** Lets them begin. */
  go(): void {
    Atomics.store(this.#flags, 0, 1);
    Atomics.notify(this.#flags, 0);
  }

  /** Tells those that go on until they are stopped. */
  stop(): void {
    Atomics.store(this.#flags, 1, 1);
    Atomics.notify(this.#flags, 1);
  }

  /** Whether one of them still works. */
  get busy(): boolean {
    return this.#working > 0;
  }

  /** The reports of some of them, when they have done their jobs. */
  async reports(of: readonly number[] = this.workers.map((_, i) => i)): Promise<Report[]> {
    return Promise.all(of.map((i) => this.#reports[i] ?? Promise.reject(new RangeError('no such worker'))));
  }

  /** Begins, and resolves with all reports. */
  run(): Promise<Report[]> {
    this.go();
    return this.reports();
  }
}

/** The second message of a worker. */
function reportOf(worker: Worker): Promise<Report> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('a worker hangs')), LIMIT);
    worker.on('message', (message: 'ready' | Report) => {
      if (message !== 'ready') resolve(message);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`a worker ended with code ${code} and without a report`));
    });
  });
}

/** What all of them found wrong, a few of each. */
export function flawsOf(reports: readonly Report[]): string[] {
  return reports.flatMap(({ flaws }) => flaws.slice(0, 3));
}

/** Lets the event loop turn once. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
