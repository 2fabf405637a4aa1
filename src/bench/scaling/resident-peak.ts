/** The highest resident memory of a server over a time: connections are closed again before a round is over. */
import type { RunningServer } from '../load/server.js';

/** Milliseconds between two looks. */
const INTERVAL = 20;

export interface ResidentPeak {
  /** At the beginning, in bytes; NaN where the system does not tell. */
  readonly first: number;
  /** Up to now. */
  highest(): number;
  stop(): void;
}

export function residentPeak(server: Pick<RunningServer, 'residentMemory'>): ResidentPeak {
  const now = () => server.residentMemory() ?? Number.NaN;
  const first = now();
  let highest = first;
  const look = () => {
    highest = Math.max(highest, now());
    return highest;
  };
  const timer = setInterval(look, INTERVAL);
  return { first, highest: look, stop: () => clearInterval(timer) };
}
