/** What the connections of a RESP lane have in common. */
import type { Arguments } from '../../commands/arguments.js';
import type { Client } from '../../commands/client.js';
import type { Engine } from '../../commands/engine.js';
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import type { Outbox } from '../outbox.js';
import type { Meter } from './meter.js';
import type { RespReply } from './reply.js';
import type { Request } from './request.js';

export interface Station {
  readonly engine: Engine;
  readonly outbox: Outbox;
  /** Into the outbox. */
  readonly reply: RespReply;
  readonly meter: Meter;
  readonly limit: ConcurrencyLimit;
  /** Bytes of replies that a client may leave untaken. */
  readonly mostUntaken: number;
  /** Goes up while time goes by. */
  readonly ticks: number;
  /** Lends what finds commands; it is lent to one connection at a time. */
  borrowRequest(): Request;
  returnRequest(request: Request): void;
  /** Whether a command is a line of an HTTP request: then somebody has a browser do what they may not do themselves. */
  isForeign(args: Arguments): boolean;
  /** Counts bytes on the wire. */
  countReceived(bytes: number): void;
  countSent(bytes: number): void;
  /** Counts a client that was turned away by the concurrency limit. */
  countRejected(): void;
  /** Says that a client is cut off. */
  report(client: Client, reason: string): void;
  /** Says that a client speaks HTTP, and is cut off. */
  reportForeign(client: Client): void;
}

/** In ticks. */
export interface Patience {
  /** For the rest of a command, and for a client to take some more of the last replies. */
  readonly command: number;
  /** For a password, or the next command of who has not said one. */
  readonly password: number;
  /** For a client that has the last replies to close its end. */
  readonly farewell: number;
}
