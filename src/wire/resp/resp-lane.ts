/** The Redis protocol on the sockets of one worker. */
import type { Server, Socket } from 'node:net';
import type { Arguments } from '../../commands/arguments.js';
import type { Client } from '../../commands/client.js';
import type { Engine } from '../../commands/engine.js';
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import type { ProcessState } from '../../telemetry/process-state.js';
import { seriesOf } from '../../telemetry/requests.js';
import { Outbox } from '../outbox.js';
import { acceptRaw, type Reader, readPlain } from '../raw-sockets.js';
import { Connection, MOST_UNTAKEN } from './connection.js';
import { Meter } from './meter.js';
import { RespReply } from './reply.js';
import { Request } from './request.js';
import type { Patience, Station } from './station.js';

/** Bytes read at a time, of all connections into the same buffer. */
const READ_BYTES = 64 * 1024;

/** Finders of commands that are kept to be lent again. */
const MOST_SPARES = 64;

/** Bytes of a word that are kept however small values must be: for patterns, names and numbers. */
const LEAST_KEPT = 64 * 1024;

/** Milliseconds between looks for connections on which too little happens. */
const TICK = 1_000;
const PATIENCE: Patience = { command: 300, password: 60, farewell: 2 };
/** Ticks from one warning of somebody who speaks HTTP to the next: who does it has many try. */
const QUIET_AFTER_WARNING = 60;

/** What a client that is turned away is counted as. */
const REJECTED = seriesOf('resp', 'other', 'error');

export interface RespLaneParts {
  readonly engine: Engine;
  readonly limit: ConcurrencyLimit;
  readonly state: ProcessState;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  /** Bytes of the largest value. */
  readonly maxValueSize: number;
  readonly clients: {
    /** A client has come by this connection. */
    open(socket: Socket): Client;
    close(client: Client): void;
  };
  readonly logger: Record<'debug' | 'warn', (details: object, message: string) => void>;
  /** Bytes of replies that a client may leave untaken; another number than the default is for tests. */
  readonly mostUntaken?: number;
  /** Milliseconds; another one than the default is for tests. */
  readonly tick?: number;
  /** For tests: see `acceptRaw`. */
  readonly hasPlainSockets?: boolean;
}

export class RespLane implements Station {
  readonly engine: Engine;
  readonly limit: ConcurrencyLimit;
  readonly outbox = new Outbox();
  readonly reply = new RespReply(this.outbox);
  readonly meter: Meter;
  readonly mostUntaken: number;
  ticks = 0;
  #warnedAt = Number.NEGATIVE_INFINITY;
  readonly #parts: RespLaneParts;
  readonly #connections = new Map<Socket, Connection>();
  readonly #spareRequests: Request[] = [];
  readonly #timer: NodeJS.Timeout;
  #isRetired = false;

  constructor(parts: RespLaneParts) {
    this.#parts = parts;
    this.engine = parts.engine;
    this.limit = parts.limit;
    this.mostUntaken = parts.mostUntaken ?? MOST_UNTAKEN;
    this.meter = new Meter(this.reply, parts.state.requests, parts.worker);
    this.#timer = setInterval(() => this.#tick(), parts.tick ?? TICK).unref();
  }

  /** Connections that have something under way. */
  get busy(): number {
    let count = 0;
    for (const connection of this.#connections.values()) if (!connection.isIdle) count++;
    return count;
  }

  /** Has all connections of a server that does not listen yet and allows half-open ones. */
  acceptFrom(server: Server): void {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    acceptRaw(server, buffer, (socket) => this.#accept(socket), this.#parts.hasPlainSockets);
  }

  /** Has a connection that was accepted elsewhere, with all bytes unread. */
  take(socket: Socket): void {
    readPlain(socket, () => this.#accept(socket));
  }

  /** From now on connections end when what is under way on them has been answered. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Closes connections that have nothing under way, and has the others close when they have not. */
  closeIdle(): void {
    for (const connection of this.#connections.values()) connection.retire();
  }

  /** Lets go of everything. */
  stop(): void {
    clearInterval(this.#timer);
    for (const connection of this.#connections.values()) connection.destroy();
  }

  borrowRequest(): Request {
    return this.#spareRequests.pop() ?? new Request(Math.max(LEAST_KEPT, this.#parts.maxValueSize));
  }

  returnRequest(request: Request): void {
    request.end();
    if (this.#spareRequests.length < MOST_SPARES) this.#spareRequests.push(request);
  }

  isForeign(args: Arguments): boolean {
    return args.is(0, 'post') || args.is(0, 'host:');
  }

  countReceived(bytes: number): void {
    const { state, worker } = this.#parts;
    state.commands.received(worker, bytes);
  }

  countSent(bytes: number): void {
    const { state, worker } = this.#parts;
    state.commands.sent(worker, bytes);
  }

  countRejected(): void {
    const { state, worker } = this.#parts;
    state.count(worker, 'rejected');
    state.requests.served(worker, REJECTED);
  }

  report({ id, address }: Client, reason: string): void {
    this.#parts.logger.debug({ client: id, address }, `a client was cut off: ${reason}`);
  }

  reportForeign(client: Client): void {
    if (this.ticks - this.#warnedAt < QUIET_AFTER_WARNING) {
      this.report(client, 'it speaks HTTP');
      return;
    }
    this.#warnedAt = this.ticks;
    const { id, address } = client;
    this.#parts.logger.warn(
      { client: id, address },
      'possible attack: a client that speaks HTTP on the port of the Redis protocol was cut off',
    );
  }

  #accept(socket: Socket): Reader {
    const client = this.#parts.clients.open(socket);
    const connection = new Connection(socket, this, client);
    this.#connections.set(socket, connection);
    // A connection that breaks is closed; there is nobody to tell.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(socket);
      connection.close();
      this.#parts.clients.close(client);
    });
    if (this.#isRetired) connection.retire();
    return (bytes, length) => connection.take(bytes, length);
  }

  #tick(): void {
    this.ticks++;
    for (const connection of this.#connections.values()) connection.check(PATIENCE);
  }
}
