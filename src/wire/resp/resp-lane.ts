/** The Redis protocol on the sockets of one worker. */
import type { Server, Socket } from 'node:net';
import type { Arguments } from '../../commands/arguments.js';
import type { Client } from '../../commands/client.js';
import type { Engine } from '../../commands/engine.js';
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import { acceptRaw, type Reader, readPlain } from '../raw-sockets.js';
import { Connection } from './connection.js';
import { Outbox } from './outbox.js';
import { RespReply } from './reply.js';
import { Request } from './request.js';
import type { Station, TrafficCounter } from './station.js';

/** Bytes read at a time, of all connections into the same buffer. */
const READ_BYTES = 64 * 1024;

/** Bytes of a word that are kept however small values must be: for patterns, names and numbers. */
const LEAST_KEPT = 64 * 1024;

/** Milliseconds after which an idle client is asked by TCP whether it is still there: Redis's `tcp-keepalive`. */
const KEEP_ALIVE = 300_000;

/** Milliseconds between looks for connections on which too little happens. */
const TICK = 1_000;
/** Ticks in which the rest of a command must come. */
const COMMAND_PATIENCE = 300;
/** The same for who has not said a password. */
const PASSWORD_PATIENCE = 60;

export interface RespLaneParts {
  readonly engine: Engine;
  readonly limit: ConcurrencyLimit;
  readonly counter: TrafficCounter;
  /** Bytes of the largest value. */
  readonly maxValueSize: number;
  readonly clients: {
    /** A client has come by this connection. */
    open(socket: Socket): Client;
    close(client: Client): void;
  };
  readonly logger: { debug(details: object, message: string): void };
  /** For tests: see `acceptRaw`. */
  readonly hasPlainSockets?: boolean;
}

export class RespLane implements Station {
  readonly engine: Engine;
  readonly limit: ConcurrencyLimit;
  readonly counter: TrafficCounter;
  readonly outbox = new Outbox();
  readonly reply = new RespReply(this.outbox);
  ticks = 0;
  readonly #parts: RespLaneParts;
  readonly #connections = new Map<Socket, Connection>();
  readonly #spareRequests: Request[] = [];
  readonly #timer: NodeJS.Timeout;
  #isRetired = false;

  constructor(parts: RespLaneParts) {
    this.#parts = parts;
    this.engine = parts.engine;
    this.limit = parts.limit;
    this.counter = parts.counter;
    this.#timer = setInterval(() => this.#tick(), TICK).unref();
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
    request.args.shrink();
    this.#spareRequests.push(request);
  }

  isForeign(args: Arguments): boolean {
    return args.is(0, 'post') || args.is(0, 'host:');
  }

  cutOff(connection: Pick<Connection, 'client' | 'destroy'>, reason: string): void {
    const { id, address } = connection.client;
    this.#parts.logger.debug({ client: id, address }, `a client was cut off: ${reason}`);
    connection.destroy();
  }

  #accept(socket: Socket): Reader {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE);
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
    for (const connection of this.#connections.values()) {
      connection.check({ command: COMMAND_PATIENCE, password: PASSWORD_PATIENCE });
    }
  }
}
