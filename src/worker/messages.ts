/**
 * What the supervisor and a worker thread say to each other. There is nothing on the request path: messages
 * are for the beginning and the end of a worker's life, and for its log lines.
 */
import type { Config, LogLevel } from '../config/config.js';
import type { WorkerAddresses, WorkerTickets } from './listen.js';
import type { SharedHandles } from './shared.js';
import type { TlsIdentity } from './tls-door.js';

/** What a worker thread is started with. */
export interface WorkerData extends WorkerTickets {
  /** Its place, from 0. A replacement has the place of the one it replaces. */
  readonly worker: number;
  readonly config: Config;
  readonly shared: SharedHandles;
  /** Absent: no TLS. */
  readonly identity?: TlsIdentity | undefined;
}

/** Any of them may come at any time. */
export type ToWorker =
  /** Stop accepting and finish what is in flight, in `limit` milliseconds at most. */
  | { readonly type: 'drain'; readonly limit: number }
  /** New connections get another certificate. */
  | { readonly type: 'identity'; readonly identity: TlsIdentity }
  /** Lines below another level are not written. */
  | { readonly type: 'log-level'; readonly level: LogLevel }
  /** End at once, as if it had failed. */
  | { readonly type: 'die' };

export type FromWorker =
  /** The worker is about to open its tickets; from now on what they name is the worker's to close. */
  | { readonly type: 'adopting' }
  /** It accepts connections. */
  | ({ readonly type: 'listening' } & WorkerAddresses)
  /** Something went wrong that ends it, in a moment and with this error. `reason`: the error in words, with its stack. */
  | { readonly type: 'failing'; readonly reason: string }
  /** It has finished. `cut`: connections with a request in flight that the limit ended. */
  | { readonly type: 'drained'; readonly cut: number }
  /** A line of its log, as pino wrote it. */
  | { readonly type: 'log'; readonly line: string };
