/** What the connections of a lane have in common, and who stands behind them. */
import type { Socket } from 'node:net';
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import type { RateLimit } from '../../limits/rate.js';
import type { ImmediateCache, TieredCache } from '../../store/tiered.js';
import type { Output } from './output.js';
import type { Scan } from './scan.js';

/** Who answers what this lane does not. */
export interface Behind {
  /** Takes a connection, and with it all bytes that come, those that have been unshifted first. */
  handOver(socket: Socket): void;
  /** Answers what can't become a request any more, as Node's `clientError` with this code, and ends the connection. */
  refuse(socket: Socket, code: 'HPE_INVALID_EOF_STATE' | 'ERR_HTTP_REQUEST_TIMEOUT'): void;
}

/** What all connections of a worker have in common. */
export interface Station {
  readonly scan: Scan;
  readonly output: Output;
  readonly cache: ImmediateCache & TieredCache;
  readonly limit: ConcurrencyLimit;
  /** Undefined: there is none. */
  readonly rate: RateLimit | undefined;
  readonly behind: Behind;
  /** Bytes of the largest body that is taken. */
  readonly maxBodySize: number;
  /** From then on every request is handed over. */
  readonly isRetired: boolean;
  /** Goes up while time goes by. */
  readonly ticks: number;
  countRequests(requests: number): void;
  /** Counts what the output has answered since the last time: requests that came at `began`, by `performance.now()`. */
  countAnswers(began: number): void;
  /** Counts a request that came in part and was refused. */
  countRefused(): void;
  /** Counts an answer that is the server's failure. */
  countError(): void;
}

/** In ticks. */
export interface Patience {
  /** For the first request, and for the headers of any. */
  readonly headers: number;
  /** For all of a request. */
  readonly request: number;
  /** For the next request. */
  readonly keepAlive: number;
}
