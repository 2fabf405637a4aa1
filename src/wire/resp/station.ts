/** What the connections of a RESP lane have in common. */
import type { Arguments } from '../../commands/arguments.js';
import type { Client } from '../../commands/client.js';
import type { Engine } from '../../commands/engine.js';
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import type { Outbox } from './outbox.js';
import type { RespReply } from './reply.js';
import type { Request } from './request.js';

/** Counts bytes on the wire. */
export interface TrafficCounter {
  received(bytes: number): void;
  sent(bytes: number): void;
}

export interface Station {
  readonly engine: Engine;
  readonly outbox: Outbox;
  /** Into the outbox. */
  readonly reply: RespReply;
  readonly limit: ConcurrencyLimit;
  readonly counter: TrafficCounter;
  /** Goes up while time goes by. */
  readonly ticks: number;
  /** Lends what finds commands; it is lent to one connection at a time. */
  borrowRequest(): Request;
  returnRequest(request: Request): void;
  /** Whether a command is a line of an HTTP request: then somebody has a browser do what they may not do themselves. */
  isForeign(args: Arguments): boolean;
  /** Ends a connection at once. */
  cutOff(connection: { readonly client: Client; destroy(): void }, reason: string): void;
}

/** In ticks. */
export interface Patience {
  /** For the rest of a command. */
  readonly command: number;
  /** For a password, or the next command of who has not said one. */
  readonly password: number;
}
