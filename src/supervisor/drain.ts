/**
 * The end of the program: which signals ask for it, and how long it may take. What is in flight when a signal
 * comes is finished; whoever can't wait for that sends a second one.
 */
import { constants } from 'node:os';
import { basename } from 'node:path';

/** Longest that what is in flight may take to finish, in milliseconds. */
export const DRAIN_LIMIT = 10_000;

const STOP_SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export type StopSignal = (typeof STOP_SIGNALS)[number];

/**
 * Ctrl-C under `npm start` may arrive twice, within a millisecond: the terminal signals its whole process group,
 * and npm, which is in it too, passes on what it gets (unless a shell stands between). A repetition that soon, in
 * milliseconds, is no second signal there. Elsewhere there is no such window: a script may well send two in a row.
 */
const NPM_ECHO = 250;

/** Where signals come from: `process`, or a stand-in. */
export interface SignalSource {
  on(signal: StopSignal, listener: () => void): unknown;
  removeListener(signal: StopSignal, listener: () => void): unknown;
}

export interface StopHandlers {
  /** The first signal. */
  drain(signal: StopSignal): void;
  /** A second one. `exitCode` is the shell's for it: 130 or 143. */
  abort(signal: StopSignal, exitCode: number): void;
}

/**
 * Watches for the signals that stop the program; without it, or after the function it returns, they kill it.
 *
 * @param echo milliseconds in which the same signal again is taken for the first one's echo
 */
export function onStopSignals(
  source: SignalSource,
  handlers: StopHandlers,
  echo: number = startedByNpm() ? NPM_ECHO : 0,
): () => void {
  let first: { signal: StopSignal; at: number } | undefined;
  const unwatch = STOP_SIGNALS.map((signal) => {
    const onSignal = (): void => {
      const now = performance.now();
      if (first === undefined) {
        first = { signal, at: now };
        handlers.drain(signal);
      } else if (first.signal !== signal || now - first.at >= echo) {
        handlers.abort(signal, 128 + constants.signals[signal]);
      }
    };
    source.on(signal, onSignal);
    return () => source.removeListener(signal, onSignal);
  });
  return () => {
    for (const stop of unwatch) stop();
  };
}

/** Whether npm has started this very program, rather than something that has started it in turn. */
export function startedByNpm(
  script: string | undefined = process.env.npm_lifecycle_script,
  program: string | undefined = process.argv[1],
): boolean {
  return script !== undefined && program !== undefined && script.includes(basename(program, '.js'));
}
