/**
 * The worker threads: starts them, watches them, replaces those that die, and drains them. It does not know
 * what a worker serves; a worker is a file and the data it is started with.
 */
import { Worker } from 'node:worker_threads';
import type { Logger } from 'pino';
import type { WorkerAddresses } from '../worker/listen.js';
import { lineRelay } from '../worker/logger.js';
import type { FromWorker, ToWorker, WorkerData } from '../worker/messages.js';

/** When a worker is replaced, and when that is given up. */
export interface RestartPolicy {
  /** Milliseconds before the first replacement in a row; doubled for each further one. */
  readonly firstDelay: number;
  /** Most milliseconds before a replacement. */
  readonly longestDelay: number;
  /** A worker that listened for so many milliseconds begins a new row when it dies. */
  readonly healthyAfter: number;
  /** Deaths in a row, in one place, that end the program. */
  readonly mostInARow: number;
}

/** Seven deaths in a row take at least six seconds: long enough to outlast a hiccup, short enough to be noticed. */
export const RESTART_POLICY: RestartPolicy = {
  firstDelay: 100,
  longestDelay: 5_000,
  healthyAfter: 30_000,
  mostInARow: 7,
};

export interface PoolOptions {
  /** Worker threads, at least 1. */
  readonly workers: number;
  /** The file they run: it calls `runWorker`. */
  readonly entry: URL;
  readonly logger: Logger;
  readonly restarts?: RestartPolicy;
  /** What the worker at a place is started with; asked again for each replacement. */
  workerData(worker: number): Promise<WorkerData>;
  /** The worker is about to open its tickets. */
  onAdopting?(worker: number): void;
  /** It accepts connections. */
  onListening?(worker: number, addresses: WorkerAddresses): void;
  /** The worker's thread has ended, or could not be started: nothing of it is running any more. */
  onWorkerGone?(worker: number): void;
  /** A dead worker is about to be replaced. */
  onReplace?(worker: number): void;
  /** A worker dies again and again and is not replaced any more. Called once for its place, and not while draining. */
  onCrashLoop?(): void;
}

/** One worker's place, which its replacements take over. */
interface Place {
  readonly worker: number;
  thread: Worker | undefined;
  listeningSince: number | undefined;
  deathsInARow: number;
  replacement: NodeJS.Timeout | undefined;
  /** Ends the thread where it is, unless it has ended before. */
  lastResort: NodeJS.Timeout | undefined;
  /** Connections cut off by the drain's limit; `undefined` until it has drained. */
  cut: number | undefined;
  /** Called when it has drained or has ended. */
  onDone: (() => void) | undefined;
}

type Stage = 'starting' | 'running' | 'draining' | 'ended';

/** How long after the limit a worker may take to say that it has drained, in milliseconds. */
const DRAIN_MARGIN = 250;

/**
 * How long a worker that ends by itself may take for it, in milliseconds. To terminate a thread that reads HTTP/2 may abort
 * the whole process: see `beforeEnd` in worker/thread.ts.
 */
export const END_LIMIT = 1_000;

export class Pool {
  readonly #options: PoolOptions;
  readonly #restarts: RestartPolicy;
  readonly #places: readonly Place[];
  readonly #relayLine: (line: string) => void;
  #stage: Stage = 'starting';

  constructor(options: PoolOptions) {
    this.#options = options;
    this.#restarts = options.restarts ?? RESTART_POLICY;
    this.#relayLine = lineRelay(options.logger);
    this.#places = Array.from({ length: options.workers }, (_, worker) => ({
      worker,
      thread: undefined,
      listeningSince: undefined,
      deathsInARow: 0,
      replacement: undefined,
      lastResort: undefined,
      cut: undefined,
      onDone: undefined,
    }));
  }

  /**
   * Resolves when every worker accepts connections, or when a drain has begun before that.
   *
   * @throws the error of the first worker that can't start; the others are stopped then
   */
  async start(): Promise<void> {
    try {
      await Promise.all(this.#places.map((place) => this.#launch(place)));
    } catch (error) {
      await this.terminate();
      throw error;
    }
    if (this.#stage === 'starting') this.#stage = 'running';
  }

  /** The thread at a place, while it has one. */
  thread(worker: number): Worker | undefined {
    return this.#places[worker]?.thread;
  }

  /** Says something to every worker that is there now. */
  say(message: ToWorker): void {
    for (const { thread } of this.#places) thread?.postMessage(message);
  }

  /**
   * Has every worker stop accepting and finish what is in flight. May be called at any time; workers that are
   * still starting finish that first. Nobody is replaced any more.
   *
   * @param limit milliseconds
   * @returns how many connections with a request in flight were cut off by the limit
   */
  async drain(limit: number): Promise<number> {
    this.#stage = 'draining';
    const drained = this.#places.map((place) => this.#drainPlace(place, limit));
    let margin: NodeJS.Timeout | undefined;
    const overdue = new Promise<void>((resolve) => {
      margin = setTimeout(resolve, limit + DRAIN_MARGIN);
    });
    await Promise.race([Promise.all(drained), overdue]);
    clearTimeout(margin);
    for (const { worker, thread, cut } of this.#places) {
      if (thread !== undefined && cut === undefined) {
        this.#options.logger.warn({ worker }, 'worker does not answer: it is stopped as it is');
      }
    }
    await this.terminate();
    return this.#places.reduce((sum, { cut }) => sum + (cut ?? 0), 0);
  }

  /** Ends all workers at once, whatever is in flight. May be called at any time. */
  async terminate(): Promise<void> {
    this.#stage = 'ended';
    for (const place of this.#places) clearTimeout(place.replacement);
    await Promise.all(this.#places.map((place) => this.#end(place)));
  }

  /** Resolves when the thread has ended: by itself when there is time for it. */
  async #end(place: Place): Promise<void> {
    const { thread, cut } = place;
    if (thread === undefined) return;
    const ended = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage({ type: 'die' } satisfies ToWorker);
    // What has drained has let go of everything.
    this.#limitEnd(place, thread, cut === undefined ? END_LIMIT : 0);
    await ended;
  }

  /** @param reason for the log, when the limit is reached: what has begun to end the thread */
  #limitEnd(place: Place, thread: Worker, limit: number, reason?: string): void {
    const { worker } = place;
    const { logger } = this.#options;
    clearTimeout(place.lastResort);
    place.lastResort = setTimeout(() => {
      if (reason !== undefined)
        logger.error({ worker, reason }, 'worker has failed and does not end: it is stopped');
      thread.terminate();
    }, limit);
  }

  /** Starts a worker; resolves when it listens. Rejects when it ends before, except while draining. */
  async #launch(place: Place): Promise<void> {
    const { worker } = place;
    const { workerData, entry } = this.#options;
    let thread: Worker;
    try {
      const data = await workerData(worker);
      if (this.#isStopping()) {
        this.#options.onWorkerGone?.(worker);
        return;
      }
      // Throws where the system has no thread to give.
      thread = new Worker(entry, { workerData: data, name: `hotshard-worker-${worker}` });
    } catch (error) {
      this.#options.onWorkerGone?.(worker);
      if (this.#isStopping()) return;
      throw error;
    }
    place.thread = thread;
    await new Promise<void>((resolve, reject) => {
      let failure: Error | undefined;
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'listening') resolve();
        this.#onMessage(place, thread, message);
      });
      thread.on('error', (error: unknown) => {
        failure = error instanceof Error ? error : new Error(`worker ${worker} threw ${String(error)}`);
      });
      thread.on('exit', (code) => {
        const hadStarted = place.listeningSince !== undefined;
        const error = failure ?? new Error(`worker ${worker} has ended with exit code ${code}`);
        if (!hadStarted && !this.#isStopping()) reject(error);
        else resolve();
        this.#onExit(place, error, hadStarted);
      });
    });
  }

  #onMessage(place: Place, thread: Worker, message: FromWorker): void {
    switch (message.type) {
      case 'adopting':
        this.#options.onAdopting?.(place.worker);
        break;
      case 'listening':
        place.listeningSince = performance.now();
        this.#options.onListening?.(place.worker, message);
        break;
      case 'drained':
        place.cut = message.cut;
        place.onDone?.();
        break;
      case 'failing':
        this.#limitEnd(place, thread, END_LIMIT, message.reason);
        break;
      case 'log':
        this.#relayLine(message.line);
        break;
    }
  }

  #onExit(place: Place, error: Error, hadStarted: boolean): void {
    clearTimeout(place.lastResort);
    const lived = performance.now() - (place.listeningSince ?? performance.now());
    place.thread = undefined;
    place.listeningSince = undefined;
    this.#options.onWorkerGone?.(place.worker);
    place.onDone?.();
    if (this.#stage === 'ended' || place.cut !== undefined) return;
    if (this.#stage === 'draining') {
      this.#options.logger.error({ worker: place.worker, err: error }, 'worker died while draining');
      return;
    }
    // One that dies before it listens is dealt with by who has launched it.
    if (hadStarted) this.#replace(place, error, lived);
  }

  /** Replaces a worker that died after it had listened for `lived` milliseconds, or that could not start again. */
  #replace(place: Place, error: Error, lived: number): void {
    const { worker } = place;
    const { logger } = this.#options;
    const { firstDelay, longestDelay, healthyAfter, mostInARow } = this.#restarts;
    place.deathsInARow = lived >= healthyAfter ? 1 : place.deathsInARow + 1;
    if (place.deathsInARow >= mostInARow) {
      if (this.#isStopping()) return;
      logger.fatal(
        { worker, err: error, deaths: place.deathsInARow },
        'worker dies again and again: giving up',
      );
      this.#options.onCrashLoop?.();
      return;
    }
    const delay = Math.min(firstDelay * 2 ** (place.deathsInARow - 1), longestDelay);
    logger.error({ worker, err: error, delay }, `worker died: it is replaced in ${delay} ms`);
    place.replacement = setTimeout(() => {
      this.#options.onReplace?.(worker);
      this.#launch(place).catch((reason: unknown) => {
        if (!this.#isStopping()) this.#replace(place, reason as Error, 0);
      });
    }, delay);
  }

  #isStopping(): boolean {
    return this.#stage === 'draining' || this.#stage === 'ended';
  }

  #drainPlace(place: Place, limit: number): Promise<void> {
    clearTimeout(place.replacement);
    const { thread } = place;
    if (thread === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      place.onDone = resolve;
      thread.postMessage({ type: 'drain', limit } satisfies ToWorker);
    });
  }
}
