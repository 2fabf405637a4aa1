/** What the load process is told to do, and what it answers. */
import type { Mix, Workload } from './requests.js';

export interface Target {
  readonly port: number;
  readonly connections: number;
}

export type Order =
  | (Target & { readonly kind: 'each'; readonly operation: 'read' | 'write'; readonly workload: Workload })
  | (Target & {
      readonly kind: 'mix';
      readonly seconds: number;
      readonly workload: Mix;
      /** Milliseconds of a timeline's steps; absent: no timeline. */
      readonly step?: number;
    });

/** To the load process: an order, or the end of the one it is at. */
export type Message = Order | { readonly kind: 'end' };

/** Microseconds from the request's write to the last byte of its answer. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
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

/** What came back within one step of the timeline. */
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
  /** Of the longest request that ended in it, in milliseconds. */
  readonly longest: number;
  /** When the first write was acknowledged, in milliseconds since the epoch; 0 = none. */
  readonly firstAcknowledged: number;
}

/** How many answers were other than 200. */
export function failuresOf({ requests, statuses }: Load): number {
  return requests - (statuses[200] ?? 0);
}
