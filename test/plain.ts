/**
 * Threads and processes as users start them. Those of a test inherit the test runner's hooks for coverage, which
 * nobody measures here, and take three times as long to start with them.
 */
import type { WorkerOptions } from 'node:worker_threads';

const { NODE_OPTIONS: _hooks, ...environment } = process.env;

/** Options of a thread. */
export const PLAIN_THREAD: WorkerOptions = { execArgv: [], env: environment };

/** The command of a process: the runner puts its hooks into any environment that a process is given. */
export function plain(command: string, args: readonly string[]): [string, string[]] {
  return ['env', ['-u', 'NODE_OPTIONS', command, ...args]];
}
