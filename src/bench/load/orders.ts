/** What the load process is told to do, and what it answers. */
import type { Mix, Workload } from './requests.js';

export interface Target {
  /** Name or address, IPv6 without brackets; absent: 127.0.0.1. */
  readonly host?: string | undefined;
  readonly port: number;
  readonly connections: number;
  /** Address to come from; absent: what the system takes. Not for HTTP/2, nor where requests are pipelined. */
  readonly from?: string | undefined;
}

/** `host:port`, as it stands in URLs and in requests. */
export function authorityOf({ host = '127.0.0.1', port }: Pick<Target, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Every key once, by a closed loop. */
export type EachOrder = Target & {
  readonly kind: 'each';
  /** Ends it with keys left; absent: it goes on to the last. */
  readonly seconds?: number;
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
  /** Requests that a connection has under way, in a dialect that pipelines; absent: 1. */
  readonly depth?: number;
};

/** So many requests per second, by an open loop. */
export type PacedOrder = Target & {
  readonly kind: 'paced';
  readonly rate: number;
  readonly seconds: number;
  readonly workload: Mix;
};

/** As much as autocannon's connections can do, by a closed loop: only for HTTP. */
export type AutocannonOrder = Target & {
  readonly kind: 'autocannon';
  readonly seconds: number;
  readonly workload: Mix;
};

export type Order = EachOrder | MixOrder | PacedOrder;

/** To the load process: an order, or the end of the one it is at. */
export type Message = Order | AutocannonOrder | { readonly kind: 'end' };

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

/** What every load counts. */
export interface Counts {
  /** From the first request to the last answer. */
  readonly seconds: number;
  readonly requests: number;
  /** Answers by status of HTTP; 0 is for those that did not come. */
  readonly statuses: Readonly<Record<number, number>>;
  /** User and system time of the load's own process meanwhile, in microseconds; NaN where it does not tell. */
  readonly cpu: number;
}

/** What a load that tells latency comes back with, whatever program it is. */
export interface Answers extends Counts {
  readonly latency: Latency;
}

export interface Load extends Answers {
  /** When the first request was sent, in milliseconds since the epoch. */
  readonly began: number;
  readonly reads: number;
  readonly writes: number;
  /** Answers 200 that came in time: no longer after their time began to count than the load waits for answers. */
  readonly inTime: number;
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

/** How many answers were other than expected. */
export function failuresOf({ requests, statuses }: Counts, expected = 200): number {
  return requests - (statuses[expected] ?? 0);
}
