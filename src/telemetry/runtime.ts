/**
 * What each worker's thread says of itself: how late its event loop is, and its heap. Every few seconds it writes down the
 * last period's figures in shared memory, where any worker reads them.
 */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** In the order of their words. Times are in seconds, sizes in bytes. */
const FIGURES = ['mean', 'max', 'stddev', 'p50', 'p90', 'p99', 'heapUsed', 'heapTotal', 'external'] as const;
export type RuntimeFigure = (typeof FIGURES)[number];
export type RuntimeFigures = Readonly<Record<RuntimeFigure, number>>;

const SIZES: ReadonlySet<RuntimeFigure> = new Set(['heapUsed', 'heapTotal', 'external']);
/** What a word counts in: 32 bits of it are 4295 s, or 4 TiB. */
const SECONDS_UNIT = 1e-6;
const BYTES_UNIT = 1024;

/** A cache line. */
const ROW_WORDS = 16;

/** Structured-cloneable: what another thread attaches to. */
export interface RuntimeBoardHandle {
  readonly buffer: SharedArrayBuffer;
}

/** The figures of all workers; all 0 until a worker has written the first. */
export class RuntimeBoard {
  readonly #buffer: SharedArrayBuffer;
  readonly #words: Uint32Array;

  private constructor({ buffer }: RuntimeBoardHandle) {
    this.#buffer = buffer;
    this.#words = new Uint32Array(buffer);
  }

  /** @param workers at least 1 */
  static create(workers: number): RuntimeBoard {
    return new RuntimeBoard({ buffer: new SharedArrayBuffer(workers * ROW_WORDS * 4) });
  }

  static attach(handle: RuntimeBoardHandle): RuntimeBoard {
    return new RuntimeBoard(handle);
  }

  get handle(): RuntimeBoardHandle {
    return { buffer: this.#buffer };
  }

  write(worker: number, figures: RuntimeFigures): void {
    for (const [word, figure] of FIGURES.entries()) {
      Atomics.store(this.#words, worker * ROW_WORDS + word, Math.round(figures[figure] / unitOf(figure)));
    }
  }

  read(worker: number): RuntimeFigures {
    const entries = FIGURES.map(
      (figure, word) =>
        [figure, Atomics.load(this.#words, worker * ROW_WORDS + word) * unitOf(figure)] as const,
    );
    return Object.fromEntries(entries) as RuntimeFigures;
  }
}

function unitOf(figure: RuntimeFigure): number {
  return SIZES.has(figure) ? BYTES_UNIT : SECONDS_UNIT;
}

/** Milliseconds between looks at the event loop. */
const RESOLUTION = 20;

/** Milliseconds that figures are of. */
const PERIOD = 5_000;

/** Milliseconds for which the event loop may stand still before the log says so, and between two such lines. */
const STALL = 1_000;
const QUIET = 60_000;

export interface RuntimeWatchParts {
  readonly board: RuntimeBoard;
  /** From 0. */
  readonly worker: number;
  readonly logger: { warn(details: object, message: string): void };
  /** Called for each period in which the event loop stood still for a second or longer. */
  onStall(): void;
  /** Milliseconds; others than the defaults are for tests. */
  readonly period?: number;
  readonly stall?: number;
}

/** Watches the thread that it is called in, and keeps nothing alive. Returns what ends it. */
export function watchRuntime(parts: RuntimeWatchParts): () => void {
  const { board, worker, logger, onStall, period = PERIOD, stall = STALL } = parts;
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION });
  delays.enable();
  let warnedAt = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const figures = figuresOf(delays);
    delays.reset();
    board.write(worker, figures);
    if (figures.max * 1000 < stall) return;
    onStall();
    const now = performance.now();
    if (now - warnedAt < QUIET) return;
    warnedAt = now;
    const blocked = Math.round(figures.max * 1000);
    logger.warn(
      { worker, blocked },
      `the event loop stood still for ${blocked} ms: its requests had to wait`,
    );
  }, period).unref();
  return () => {
    clearInterval(timer);
    delays.disable();
  };
}

function figuresOf(delays: IntervalHistogram): RuntimeFigures {
  // What is measured is from one look to the next: the lateness is what goes beyond the time between them.
  const late = (nanoseconds: number): number =>
    delays.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - RESOLUTION / 1000);
  const { heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    mean: late(delays.mean),
    max: late(delays.max),
    stddev: delays.count === 0 ? 0 : delays.stddev / 1e9,
    p50: late(delays.percentile(50)),
    p90: late(delays.percentile(90)),
    p99: late(delays.percentile(99)),
    heapUsed,
    heapTotal,
    external,
  };
}
