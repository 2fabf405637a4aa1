/**
 * Spreads connections over workers that share one accept queue. The kernel wakes all of them, and the first takes
 * everything that waits, before the others have come to it. So who is ahead of the others pauses for a moment after
 * each connection it takes; while it does, they take the next ones. With a socket per worker (`reuse-port`) the kernel
 * spreads connections itself.
 */
import type { Server } from 'node:net';
import type { ProcessState, WorkerCounter } from '../telemetry/process-state.js';

/** About what another thread needs to wake up and accept, in milliseconds. */
const PAUSE = 0.5;

/** Connections by which a worker may be ahead of the one with the fewest. */
const TOLERATED_LEAD = 1;

const pause = new Int32Array(new SharedArrayBuffer(4));

/**
 * Each acceptor of a worker is balanced by itself: who has many connections of one protocol should still get its share
 * of those of the other, which may have all the load.
 *
 * @param worker the listener's row of counters, in which its open connections are already counted
 * @param counter that of the listener's open connections
 */
export function balanceConnections(
  listener: Server,
  state: ProcessState,
  worker: number,
  counter: OpenConnections,
): void {
  listener.on('connection', () => {
    if (leadOf(state, worker, counter) > TOLERATED_LEAD) Atomics.wait(pause, 0, 0, PAUSE);
  });
}

type OpenConnections = Extract<WorkerCounter, 'openConnections' | 'respOpenConnections'>;

/** Open connections of a worker beyond those of the one with the fewest. */
function leadOf(state: ProcessState, worker: number, counter: OpenConnections): number {
  let fewest = Number.POSITIVE_INFINITY;
  for (let other = 0; other < state.workers; other++) {
    if (other !== worker) fewest = Math.min(fewest, state.row(other)[counter]);
  }
  return state.row(worker)[counter] - fewest;
}
