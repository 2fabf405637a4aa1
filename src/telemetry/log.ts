/**
 * The logger of the process: JSON lines on standard output, readable ones where that is a terminal. Both are
 * written synchronously and in this thread: a transport in another thread would lose the last lines before an
 * exit, which are the ones that explain it.
 */
import { isatty } from 'node:tty';
import { type DestinationStream, type Logger, pino } from 'pino';
import type { LogLevel } from '../config/config.js';

const STANDARD_OUTPUT = 1;

/**
 * A logger whose lines carry an ISO time, a numeric level (pino's) and the process id.
 *
 * @param level the lowest level that is written
 * @param destination where lines go
 */
export function createLogger(level: LogLevel, destination: DestinationStream): Logger {
  return pino({ level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
}

/**
 * Standard output as a place for log lines.
 *
 * @param readable whether people read it there rather than programs; absent: when it is a terminal
 */
export async function standardOutput(
  readable: boolean = isatty(STANDARD_OUTPUT),
): Promise<DestinationStream> {
  if (readable) {
    // Loaded only now: a server whose log programs read starts faster without it.
    const { default: pretty } = await import('pino-pretty');
    return pretty({ destination: STANDARD_OUTPUT, sync: true, ignore: 'pid' });
  }
  return pino.destination({ dest: STANDARD_OUTPUT, sync: true });
}
