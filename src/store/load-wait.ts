/** How long requests wait for a data file that is still being loaded. */
import type { ProcessState } from '../telemetry/process-state.js';
import { StoreUnavailableError } from './backing-store.js';

/** Longest that a request waits for a key of a data file that is still being loaded, in milliseconds. */
export const LOAD_WAIT_LIMIT = 10_000;

/** How often a waiting request looks whether its key has been loaded, in milliseconds. */
const LOAD_POLL_INTERVAL = 10;

/**
 * Resolves when the load is over, or after a moment in which it went on.
 *
 * @param deadline on the clock of `performance.now`
 * @throws {StoreUnavailableError} after the deadline, and when the process is draining: then the load has been
 *   given up, and to wait on would only hold up the end
 */
export async function moreLoaded(state: ProcessState, deadline: number): Promise<void> {
  const left = deadline - performance.now();
  if (left <= 0 || state.phase === 'draining') {
    throw new StoreUnavailableError('the data file is still being loaded', 1);
  }
  await state.untilLoaded(Math.min(left, LOAD_POLL_INTERVAL));
}
