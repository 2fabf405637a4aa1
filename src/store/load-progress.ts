/** How far a load is, for whoever watches: a bar where standard error is a terminal, otherwise a log line a second. */
import { type Options, SingleBar } from 'cli-progress';
import type { Logger } from 'pino';

/** Milliseconds between two log lines. */
const LOG_INTERVAL = 1000;
/** Milliseconds between two states of the bar. It appears after the first, so a short load is shown none. */
const BAR_INTERVAL = 200;

const MIB = 2 ** 20;

export interface LoadCount {
  readonly bytes: number;
  readonly lines: number;
}

export interface ProgressOptions {
  readonly logger: Logger;
  /** Bytes; `undefined` when it is not known. */
  readonly size: number | undefined;
  /** Asked for each state shown. */
  readonly count: () => LoadCount;

  // What follows is for tests.
  readonly terminal?: NodeJS.WriteStream;
  /** Milliseconds. */
  readonly interval?: number;
}

/** Shows progress until the function that is returned is called. */
export function showProgress(options: ProgressOptions): () => void {
  const { logger, terminal = process.stderr } = options;
  // Who wants no information in the log wants no bar either.
  if (!logger.isLevelEnabled('info')) return () => {};
  return terminal.isTTY ? showBar(options, terminal) : logProgress(options);
}

function logProgress({ logger, size, count, interval = LOG_INTERVAL }: ProgressOptions): () => void {
  return repeat(interval, () => {
    const { bytes, lines } = count();
    const share = size === undefined ? '' : ` of ${inMib(size)} (${percentOf(bytes, size)} %)`;
    logger.info({ lines, bytes, size }, `loading the data file: ${inMib(bytes)}${share}, ${lines} lines`);
  });
}

function showBar(
  { size, count, interval = BAR_INTERVAL }: ProgressOptions,
  stream: NodeJS.WriteStream,
): () => void {
  const format =
    size === undefined
      ? 'loading {read}, {lines} lines'
      : `loading [{bar}] {percentage} % of ${inMib(size)}, {lines} lines`;
  const options: Options = {
    stream,
    format,
    clearOnComplete: true,
    // The program has its own way to stop.
    gracefulExit: false,
  };
  const bar = new SingleBar(options);
  let started = false;
  const stopUpdates = repeat(interval, () => {
    const { bytes, lines } = count();
    // A file may grow while it is read.
    const done = size === undefined ? 0 : Math.min(bytes, size);
    const shown = { lines, read: inMib(bytes) };
    if (started) bar.update(done, shown);
    else bar.start(size ?? 0, done, shown);
    started = true;
  });
  return () => {
    stopUpdates();
    if (started) bar.stop();
  };
}

/** Calls again and again, without keeping the process alive, until the function that is returned is called. */
function repeat(interval: number, action: () => void): () => void {
  const timer = setInterval(action, interval).unref();
  return () => clearInterval(timer);
}

function inMib(bytes: number): string {
  return `${(bytes / MIB).toFixed(1)} MiB`;
}

function percentOf(part: number, whole: number): number {
  return Math.min(100, Math.floor((part / whole) * 100));
}
