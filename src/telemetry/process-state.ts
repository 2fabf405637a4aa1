/**
 * What all threads of one hotshard process know of each other, in shared memory: the phase of the process's
 * life, and one row of counters per worker. Any worker can answer for all of them.
 *
 * The words of the phase are read and written by Atomics. A counter has one writer at a time: the worker's own thread, or
 * the supervisor's for what it says of a worker, and when the worker is gone.
 */
import { CELLS_PER_LINE, Cells } from './cells.js';
import { CommandStats, type CommandStatsHandle } from './command-stats.js';
import { RequestCounters, type RequestCountersHandle } from './requests.js';
import { RuntimeBoard, type RuntimeBoardHandle } from './runtime.js';

/** Where the process is in its life. `/readyz` is 200 in `serving` alone. */
export type Phase = 'starting' | 'loading' | 'serving' | 'draining';

const PHASES: readonly Phase[] = ['starting', 'loading', 'serving', 'draining'];

const PHASE_WORD = 0;
/** 1 once everything that is to be loaded at the start is there. */
const LOADED_WORD = 1;
const HEADER_WORDS = 16;

/**
 * What a worker counts of the store behind the map: reads of it; reads answered by a remembered absence, or by a value
 * past its time while it was out of reach; keys it told of; operations that failed since it was out of reach; sessions
 * with it that began; and its connections that answer now.
 */
export const STORE_COUNTERS = [
  'fetches',
  'absentHits',
  'staleHits',
  'invalidations',
  'storeErrors',
  'sessions',
  'storeLinks',
] as const;

/** Counters a worker keeps, in the order of their cells in its row. */
export const WORKER_COUNTERS = [
  'requests',
  'errors',
  'connections',
  'openConnections',
  'restarts',
  // Of the Redis protocol; those above are of HTTP.
  'respConnections',
  'respOpenConnections',
  /** Turned away since the concurrency limit and the backlog limit were reached. */
  'rejected',
  /** Turned away since their client had made too many. */
  'rateLimited',
  /** Periods in which the event loop stood still for long. */
  'stalls',
  ...STORE_COUNTERS,
] as const;
export type WorkerCounter = (typeof WORKER_COUNTERS)[number];
export type WorkerRow = Readonly<Record<WorkerCounter, number>>;

/** Whole cache lines, so that no two workers write to the same one. */
const ROW_CELLS = Math.ceil(WORKER_COUNTERS.length / CELLS_PER_LINE) * CELLS_PER_LINE;

/** What goes up and down, and ends with the worker. */
const GAUGES: readonly WorkerCounter[] = ['openConnections', 'respOpenConnections', 'storeLinks'];

const CELL_OF = Object.fromEntries(WORKER_COUNTERS.map((counter, cell) => [counter, cell])) as Readonly<
  Record<WorkerCounter, number>
>;

/** Structured-cloneable: what another thread attaches to. */
export interface ProcessStateHandle {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
  readonly startedAt: number;
  readonly commands: CommandStatsHandle;
  readonly requests: RequestCountersHandle;
  readonly runtime: RuntimeBoardHandle;
}

export class ProcessState {
  /** Milliseconds since the epoch at which the process came up. */
  readonly startedAt: number;
  /** Rows of counters: one per worker, or one for the main thread when there are no workers. */
  readonly workers: number;
  /** Counts of the Redis protocol's commands. */
  readonly commands: CommandStats;
  /** Counts of requests, and how long they took. */
  readonly requests: RequestCounters;
  /** What the workers' threads say of themselves. */
  readonly runtime: RuntimeBoard;
  readonly #buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #cells: Cells;

  private constructor(handle: ProcessStateHandle) {
    this.#buffer = handle.buffer;
    this.workers = handle.workers;
    this.startedAt = handle.startedAt;
    this.#words = new Int32Array(handle.buffer, 0, HEADER_WORDS);
    this.#cells = new Cells(handle.buffer, HEADER_WORDS * 4);
    this.commands = CommandStats.attach(handle.commands);
    this.requests = RequestCounters.attach(handle.requests);
    this.runtime = RuntimeBoard.attach(handle.runtime);
  }

  /** @param workers rows of counters, at least 1 */
  static create(workers: number): ProcessState {
    const buffer = new SharedArrayBuffer(HEADER_WORDS * 4 + Cells.bytes(workers * ROW_CELLS));
    return new ProcessState({
      buffer,
      workers,
      startedAt: Date.now(),
      commands: CommandStats.create(workers).handle,
      requests: RequestCounters.create(workers).handle,
      runtime: RuntimeBoard.create(workers).handle,
    });
  }

  static attach(handle: ProcessStateHandle): ProcessState {
    return new ProcessState(handle);
  }

  get handle(): ProcessStateHandle {
    const { workers, startedAt } = this;
    const commands = this.commands.handle;
    const requests = this.requests.handle;
    const runtime = this.runtime.handle;
    return { buffer: this.#buffer, workers, startedAt, commands, requests, runtime };
  }

  get phase(): Phase {
    return PHASES[Atomics.load(this.#words, PHASE_WORD)] ?? 'starting';
  }

  /** Moves on to a later phase. A phase never goes back: an earlier one is ignored. */
  advanceTo(phase: Phase): void {
    const next = PHASES.indexOf(phase);
    for (;;) {
      const current = Atomics.load(this.#words, PHASE_WORD);
      if (current >= next) return;
      if (Atomics.compareExchange(this.#words, PHASE_WORD, current, next) === current) break;
    }
  }

  /** Whether the data file, if there is one, is in the map: only then does a miss mean that there is no value. */
  get loaded(): boolean {
    return Atomics.load(this.#words, LOADED_WORD) === 1;
  }

  markLoaded(): void {
    Atomics.store(this.#words, LOADED_WORD, 1);
    Atomics.notify(this.#words, LOADED_WORD);
  }

  /** Resolves when the data file is in the map, or after `timeout` milliseconds. */
  async untilLoaded(timeout: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, LOADED_WORD, 0, timeout);
    if (waiting.async) await waiting.value;
  }

  /** Adds to one counter of the caller's own row. `worker` is its index, from 0. */
  count(worker: number, counter: WorkerCounter, delta = 1): void {
    this.#cells.add(worker * ROW_CELLS + CELL_OF[counter], delta);
  }

  /** The counters of one worker. */
  row(worker: number): WorkerRow {
    const entries = WORKER_COUNTERS.map(
      (counter) => [counter, this.#cells.read(worker * ROW_CELLS + CELL_OF[counter])] as const,
    );
    return Object.fromEntries(entries) as WorkerRow;
  }

  /** The sum of a counter over all workers. */
  total(counter: WorkerCounter): number {
    let sum = 0;
    for (let worker = 0; worker < this.workers; worker++) {
      sum += this.#cells.read(worker * ROW_CELLS + CELL_OF[counter]);
    }
    return sum;
  }

  /** What a worker had open has ended with it, and it can't say so any more. To be called when its thread has ended. */
  forget(worker: number): void {
    const row = this.row(worker);
    for (const gauge of GAUGES) this.count(worker, gauge, -row[gauge]);
  }
}
