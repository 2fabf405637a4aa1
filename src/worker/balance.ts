/**
 * Spreads connections over workers that share one accept queue. The kernel wakes all of them, and the first takes
 * everything that waits, before the others have come to it. So who is ahead of the others pauses for a moment after
 * each connection it takes; while it does, they take the next ones. With a socket per worker (`reuse-port`) the kernel
 * spreads connections itself.
 */
import type { Server } from 'node:net';
import type { ProcessState } from '../telemetry/process-state.js';

/** About what another thread needs to wake up and accept, in milliseconds. */
const PAUSE = 0.5;

/** Connections by which a worker may be ahead of the one with the fewest. */
const TOLERATED_LEAD = 1;

const pause = new Int32Array(new SharedArrayBuffer(4));

/** @param worker the listener's row of counters, in which its open connections are already counted */
export function balanceConnections(listener: Server, state: ProcessState, worker: number): void {
  listener.on('connection', () => {
    if (leadOf(state, worker) > TOLERATED_LEAD) Atomics.wait(pause, 0, 0, PAUSE);
  });
}

/** Open connections of a worker beyond those of the one with the fewest. */
function leadOf(state: ProcessState, worker: number): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (let other = 0; other < state.workers; other++) {
    if (other !== worker) fewest = Math.min(fewest, state.row(other).openConnections);
  }
  return state.row(worker).openConnections - fewest;
}
