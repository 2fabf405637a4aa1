/**
 * Warns before a container's memory limit ends the process, which Linux does without a word: at the start, when what is
 * configured can't fit, and later when what is used comes close.
 */
import type { Config } from '../config/config.js';
import { memoryLimit } from '../config/memory-limit.js';

const MEBIBYTE = 1024 * 1024;

/** Bytes that a thread takes beside the map: its heap, its code, its buffers. Measured; under load it may be more. */
const PER_THREAD = 64 * MEBIBYTE;

/** Share of the limit from which on it is close. */
const CLOSE = 0.9;

/** Milliseconds between looks, and between two such lines. */
const INTERVAL = 10_000;
const QUIET = 600_000;

export interface MemoryWatchParts {
  readonly config: Pick<Config, 'maxMemory' | 'workers'>;
  readonly logger: { warn(details: object, message: string): void };
  /** Ends it. */
  readonly signal: AbortSignal;

  // What follows is for tests.
  /** Bytes that the process may have; `Infinity` = no limit. */
  readonly limit?: number;
  readonly residentMemory?: () => number;
  /** Milliseconds. */
  readonly interval?: number;
}

/** Watches until it is aborted, and keeps nothing alive. Without a limit it does nothing. */
export function watchMemory(parts: MemoryWatchParts): void {
  const { config, logger, signal, limit = memoryLimit(), interval = INTERVAL } = parts;
  const { residentMemory = () => process.memoryUsage.rss() } = parts;
  if (limit === Number.POSITIVE_INFINITY || signal.aborted) return;
  const { maxMemory, workers } = config;
  const needed = maxMemory + (workers + 1) * PER_THREAD;
  if (needed > limit) {
    logger.warn(
      { maxMemory, workers, needed, limit },
      `--max-memory and the threads may take ${inWords(needed)} together, but ${inWords(limit)} is all that the control group allows: the process may be killed`,
    );
  }
  let warnedAt = Number.NEGATIVE_INFINITY;
  const timer = setInterval(() => {
    const resident = residentMemory();
    const now = performance.now();
    if (resident < CLOSE * limit || now - warnedAt < QUIET) return;
    warnedAt = now;
    logger.warn(
      { resident, limit },
      `resident memory is ${inWords(resident)}, and ${inWords(limit)} is all that the control group allows: the process may be killed`,
    );
  }, interval).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
}

function inWords(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}
