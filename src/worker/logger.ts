/**
 * A worker thread's log. Its lines go by message to the supervisor, which writes them with the program's own
 * logger: one writer to one destination, in its format, so that lines of two threads can't run into each other.
 * What a worker posts before it dies still arrives; its last words, an uncaught error, the supervisor sees itself.
 */
import { parentPort } from 'node:worker_threads';
import pino, { type Logger } from 'pino';
import type { LogLevel } from '../config/config.js';
import type { FromWorker } from './messages.js';

/** @param worker the worker's place; every line carries it */
export function workerLogger(worker: number, level: LogLevel): Logger {
  const write = (line: string): void => {
    parentPort?.postMessage({ type: 'log', line } satisfies FromWorker);
  };
  return pino({ level, base: { worker }, timestamp: false }, { write });
}

/** A function that writes lines of workers' logs with the program's logger, at their level and with their fields. */
export function lineRelay(logger: Logger): (line: string) => void {
  // The worker's logger has made plain data of errors; done twice, their type is lost.
  const relay = logger.child({}, { serializers: { err: (error: unknown) => error } });
  return (line) => {
    // A child keeps the level that its parent had when it was made.
    if (relay.level !== logger.level) relay.level = logger.level;
    const { level, msg, ...fields } = JSON.parse(line) as { level: number; msg?: string };
    const method = pino.levels.labels[level] as Exclude<LogLevel, 'silent'> | undefined;
    relay[method ?? 'info'](fields, msg);
  };
}
