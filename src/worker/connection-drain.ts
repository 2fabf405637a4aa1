/**
 * Ends the connections of a worker without losing a request: what the kernel has already accepted
 * for us is served, what is in flight is finished, and clients are told to connect anew.
 *
 * Closing a listening socket resets the connections in its accept queue, and closing a connection resets it when
 * there are unread bytes. POSIX has no way to stop a socket from queueing other than to close it. So the listener
 * is closed in the check phase of a turn of the event loop whose poll had nothing to report: libuv polls level-
 * triggered, hence a poll without an event saw an empty queue, and had it read the first bytes of every request
 * that had come. (libuv accepts one connection per poll since 1.45: the turns before empty the queue.)
 *
 * Such a turn has to be brought about, because clients that get an answer connect again at once, in that very
 * turn. So requests are held back, a few milliseconds, until the listener is closed, and answered then: while
 * all clients wait there is silence.
 *
 * Another acceptor, of the Redis protocol, is closed in the same turn, by the same signs. Its clients are as silent: commands
 * that come after the drain has begun are not answered.
 *
 * Not promised: a connection that completes, or a request that comes on an idle connection, between that poll and
 * the close, some microseconds, is reset; so is what is queued when new connections do not cease for
 * {@link HARD_HOLD_LIMIT}. HTTP/1.1 clients have to expect that of any connection (RFC 9112, section 9.5).
 *
 * Sessions of HTTP/2 are told to make no more requests (GOAWAY) when idle connections are closed. It says which request was
 * the last one taken, so clients know which of theirs to send again elsewhere (RFC 9113, section 6.8).
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * How long nothing should have happened before the listener is closed, in milliseconds: a client needs some time
 * to connect again when it has been answered.
 */
const SILENCE = 20;

/** A turn of the event loop without events and without interruption, in milliseconds. */
const SHORT_TURN = 0.2;

/** After so many milliseconds of holding requests back, any turn without events will do. */
const HOLD_LIMIT = 250;

/** Longest that requests are held back, in milliseconds. */
const HARD_HOLD_LIMIT = 1_000;

/**
 * How long an idle keep-alive connection stays open, in milliseconds: its client may have sent the next request
 * before it could know. That request is answered, with `connection: close`.
 */
export const IDLE_LINGER = 100;

/** How long a new connection has to send the first byte of its request, in milliseconds. */
export const FIRST_REQUEST_LIMIT = 1_000;

/** How often connections that have become idle are looked for while draining, in milliseconds. */
const SWEEP_INTERVAL = 25;

/** What else has connections, that came in by the same acceptor or by another one. */
export interface DrainedBeside {
  /** Accepts connections of its own, which end together with the others; before it listens. Absent: there are none. */
  readonly acceptor?: NetServer | undefined;
  /** Called again and again, with the milliseconds since the drain began: closes what is idle, or begins to end it. */
  sweep(elapsed: number): void;
  /** Cuts off what is left, and returns how many connections with a request in flight there were. */
  cutOff(): number;
}

export class ConnectionDrain {
  readonly #listener: Server;
  /** What is closed first, all in the same turn; the listener itself unless its connections are handed to it. */
  readonly #acceptors: readonly NetServer[];
  readonly #beside: DrainedBeside | undefined;
  /** Every open connection that was accepted. The acceptors themselves do not know of all of them. */
  readonly #open = new Set<Socket>();
  /** Every open connection of the listener, and its response in flight: the last one, when requests are pipelined. */
  readonly #inFlight = new Map<Socket, ServerResponse | undefined>();
  /** Goes up with every connection, request and response. */
  #events = 0;
  #draining = false;
  readonly #isEnding: () => boolean;
  #onClosed: () => void = () => {};

  /**
   * @param listener before it listens: connections made earlier are not known
   * @param isEnding whether the whole program is draining: this worker may learn of that a little later
   * @param acceptor accepts the connections; before it listens
   */
  constructor(
    listener: Server,
    isEnding: () => boolean,
    acceptor: NetServer = listener,
    beside?: DrainedBeside,
  ) {
    this.#listener = listener;
    this.#isEnding = isEnding;
    this.#acceptors = beside?.acceptor === undefined ? [acceptor] : [acceptor, beside.acceptor];
    this.#beside = beside;
    for (const each of this.#acceptors) each.on('connection', (socket: Socket) => this.#onAccepted(socket));
    listener.on('connection', (socket: Socket) => {
      this.#events++;
      this.#inFlight.set(socket, undefined);
      socket.once('close', () => this.#inFlight.delete(socket));
    });
    // Before the server's own listener, which may send the headers at once.
    listener.prependListener('request', (request, response) => this.#onRequest(request, response));
  }

  /**
   * Stops accepting and resolves when the last connection has ended.
   *
   * @param limit milliseconds after which what is still open is cut off
   * @returns how many connections with a request in flight were cut off
   */
  async drain(limit: number): Promise<number> {
    const began = performance.now();
    this.#draining = true;
    for (const response of this.#inFlight.values()) if (response !== undefined) announceClose(response);

    const closed = await this.#stopAccepting(Math.min(limit, HARD_HOLD_LIMIT));
    let cut = 0;
    const end = setTimeout(
      () => {
        for (const response of this.#inFlight.values()) if (response !== undefined) cut++;
        if (this.#beside !== undefined) cut += this.#beside.cutOff();
        for (const socket of this.#open) socket.destroy();
      },
      Math.max(0, limit - (performance.now() - began)),
    );
    // By way of an immediate: after a poll, which has read what had come.
    const sweep = setInterval(
      () => setImmediate(() => this.#sweep(performance.now() - began)),
      SWEEP_INTERVAL,
    );
    await closed.connections;
    clearInterval(sweep);
    clearTimeout(end);
    return cut;
  }

  /** Closes the acceptors in a turn without events. `connections` resolves when the last one has ended. */
  async #stopAccepting(limit: number): Promise<{ connections: Promise<void> }> {
    const began = performance.now();
    const release = this.#holdRequests();
    let quietSince = began;
    let events = this.#events;
    for (;;) {
      // A thread that spins is soon taken off its core; one that sleeps comes back with time to spare.
      await delay(1);
      await nextCheckPhase();
      const turnBegan = performance.now();
      const eventsBefore = this.#events;
      await nextCheckPhase();
      const now = performance.now();
      if (now - began >= limit) break;
      if (this.#events !== events) quietSince = now;
      events = this.#events;
      // The longer it takes, the shorter a silence has to do: under steady traffic a long one never comes.
      const silence = SILENCE * (1 - (now - began) / HOLD_LIMIT);
      const hasWaited = now - quietSince >= silence;
      // After a long turn the poll is old news: this thread may have been off its core since then.
      if (hasWaited && this.#events === eventsBefore && now - turnBegan < SHORT_TURN) break;
    }
    const connections = new Promise<void>((resolve) => {
      this.#onClosed = () => {
        if (this.#open.size === 0 && !this.#acceptors.some(({ listening }) => listening)) resolve();
      };
      // Not the HTTP server's own close: that destroys idle connections at once.
      for (const acceptor of this.#acceptors) NetServer.prototype.close.call(acceptor, this.#onClosed);
    });
    release();
    return { connections };
  }

  /** Keeps requests from the server until the function it returns is called. */
  #holdRequests(): () => void {
    const listener = this.#listener;
    const handlers = listener.rawListeners('request') as ((...request: HeldRequest) => void)[];
    const held: HeldRequest[] = [];
    const hold = (...request: HeldRequest): void => {
      this.#events++;
      held.push(request);
    };
    listener.removeAllListeners('request');
    listener.on('request', hold);
    return () => {
      listener.removeListener('request', hold);
      for (const handler of handlers) listener.on('request', handler);
      for (const request of held) listener.emit('request', ...request);
    };
  }

  #onAccepted(socket: Socket): void {
    this.#events++;
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#onClosed();
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    this.#events++;
    // Requests forwarded from HTTP/2 come by no connection of this listener.
    if (request.httpVersionMajor > 1) return;
    const { socket } = request;
    this.#inFlight.set(socket, response);
    response.on('close', () => {
      this.#events++;
      // An idle connection must not keep its last request in memory, nor a closed one itself.
      if (this.#inFlight.get(socket) === response) this.#inFlight.set(socket, undefined);
    });
    if (this.#draining || this.#isEnding()) announceClose(response);
  }

  /** Closes what has no request in flight and has had its time to send one. */
  #sweep(elapsed: number): void {
    this.#beside?.sweep(elapsed);
    if (elapsed >= IDLE_LINGER) this.#listener.closeIdleConnections();
    if (elapsed < FIRST_REQUEST_LIMIT) return;
    // To Node a connection is not idle before its first request.
    for (const socket of [...this.#open, ...this.#inFlight.keys()]) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  }
}

type HeldRequest = [request: IncomingMessage, response: ServerResponse];

/** Once the headers are out it is too late: such a connection is closed when it has become idle. */
function announceClose(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('connection', 'close');
}

function nextCheckPhase(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
