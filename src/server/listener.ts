/**
 * The HTTP server under Hapi: its limits, its counted connections, and its drain. Who listens is decided
 * elsewhere; connections may also be handed over by a fast lane.
 */
import http from 'node:http';
import type { Socket } from 'node:net';
import type { ProcessState } from '../telemetry/process-state.js';
import { ALL_METHODS, rawAnswer, refuseExpectation } from './client-error.js';

/** Bytes of request line and headers: a key of 512 bytes, all percent-encoded, takes a tenth of it. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Milliseconds between looks for requests past these. */
export const TIMEOUT_CHECK_INTERVAL = 1_000;

/** Milliseconds that a connection is given. */
export const LISTENER_TIMEOUTS = {
  /** For the headers of a request, and for all of it. */
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  /** When it is idle: longer than load balancers keep theirs (60 s). */
  keepAliveTimeout: 65_000,
} as const;

/** Milliseconds a connection may be silent in the middle of a request or an answer. */
const SILENCE_TIMEOUT = 60_000;

/** How connections are accepted for a server of HTTP. */
export const ACCEPT_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: LISTENER_TIMEOUTS.keepAliveTimeout,
} as const;

/** Milliseconds between looks for connections that have become idle during a drain. */
const DRAIN_INTERVAL = 20;

export type ListenerTimeouts = Partial<Readonly<Record<keyof typeof LISTENER_TIMEOUTS, number>>>;

export class HttpListener {
  readonly server: http.Server;
  readonly #sockets = new Set<Socket>();
  readonly #handedOver = new WeakSet<Socket>();

  /** @param worker the worker's row of counters, from 0 */
  constructor(state: ProcessState, worker: number, timeouts: ListenerTimeouts = {}) {
    this.server = http.createServer({
      ...LISTENER_TIMEOUTS,
      ...timeouts,
      ...ACCEPT_OPTIONS,
      connectionsCheckingInterval: TIMEOUT_CHECK_INTERVAL,
      maxHeaderSize: MAX_HEADER_BYTES,
      // What Node would answer has no body: `malformed.ts` looks for the header.
      requireHostHeader: false,
    });
    this.server.timeout = SILENCE_TIMEOUT;
    // Node begins to watch these timeouts when it listens, which a server that is handed connections never does.
    this.server.emit('listening');
    this.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      const counted = !this.#handedOver.has(socket);
      if (counted) {
        state.count(worker, 'connections');
        state.count(worker, 'openConnections');
      }
      socket.once('close', () => {
        this.#sockets.delete(socket);
        if (counted) state.count(worker, 'openConnections', -1);
      });
    });
    this.server.on('checkExpectation', refuseExpectation);
    this.server.on('connect', (_request, stream) => {
      stream.end(rawAnswer(405, `allow: ${ALL_METHODS}\r\n`));
      // Node reads it no more; unread, the end of the connection would not be seen.
      stream.resume();
    });
  }

  /** Takes a connection that was accepted, and counted, elsewhere. Bytes read from it must have been unshifted; it may be paused. */
  handOver(socket: Socket): void {
    this.#handedOver.add(socket);
    this.server.emit('connection', socket);
    socket.resume();
  }

  /**
   * Answers what is no request and ends the connection, which was not handed over.
   *
   * @param code of the error that Node would have had with it
   */
  refuse(socket: Socket, code: string): void {
    this.server.emit('clientError', Object.assign(new Error(code), { code }), socket);
    socket.resume();
  }

  /**
   * Resolves when all connections are closed: those that are idle now or become so, and at the end of `timeout`
   * (milliseconds) all others. Whoever calls it sees to it that answers end their connections.
   */
  async drain(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    while (this.#sockets.size > 0 && performance.now() < deadline) {
      this.#closeIdle();
      await new Promise((resolve) => setTimeout(resolve, DRAIN_INTERVAL));
    }
    for (const socket of this.#sockets) socket.destroy();
  }

  #closeIdle(): void {
    this.server.closeIdleConnections();
    // To Node a connection on which nothing has been said yet is not idle.
    for (const socket of this.#sockets) if (socket.bytesRead === 0) socket.destroy();
  }
}
