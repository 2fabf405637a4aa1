/** What the load process is told to do, and what it answers. */
import type { Mix, Workload } from './requests.js';

export interface Target {
  readonly port: number;
  readonly connections: number;
}

/** Every key once, by a closed loop. */
export type EachOrder = Target & {
  readonly kind: 'each';
  readonly operation: 'read' | 'write';
  readonly workload: Workload;
};

/** As much as the connections can do, by a closed loop. */
export type MixOrder = Target & {
  readonly kind: 'mix';
  readonly seconds: number;
  readonly workload: Mix;
  /** Milliseconds of a timeline's steps; absent: no timeline. */
  readonly step?: number;
};

/** So many requests per second, by an open loop. */
export type PacedOrder = Target & {
  readonly kind: 'paced';
  readonly rate: number;
  readonly seconds: number;
  readonly workload: Mix;
};

export type Order = EachOrder | MixOrder | PacedOrder;

/** To the load process: an order, or the end of the one it is at. */
export type Message = Order | { readonly kind: 'end' };

/**
 * Microseconds to the last byte of the answer: in a closed loop from the request's write, in an open one from when it
 * was due.
 */
export interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p75: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Load {
  /** When the first request was sent, in milliseconds since the epoch. */
  readonly began: number;
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly requests: number;
  readonly reads: number;
  readonly writes: number;
  /** Answers by status of HTTP; 0 is for those that did not come. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly latency: Latency;
  /** Empty unless it was asked for. */
  readonly timeline: readonly Step[];
}

/** What became of the requests that were sent within one step of the timeline. */
export interface Step {
  /** Reads that got a value. */
  readonly found: number;
  /** Reads that got 404. */
  readonly absent: number;
  /** Writes that got 200. */
  readonly acknowledged: number;
  /** Reads and writes that got 503. */
  readonly refusedReads: number;
  readonly refusedWrites: number;
  /** All others. */
  readonly errors: number;
  /** Of the longest request that was sent in it, in milliseconds. */
  readonly longest: number;
  /** When the first answer to one of its writes came that acknowledged it, in milliseconds since the epoch; 0 = none. */
  readonly firstAcknowledged: number;
}

/** How many answers were other than 200. */
export function failuresOf({ requests, statuses }: Load): number {
  return requests - (statuses[200] ?? 0);
}
