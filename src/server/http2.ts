/**
 * HTTP/2 beside the HTTP/1.1 server: sessions on connections that were accepted elsewhere, whose requests go to the same
 * listeners and so to the same routes. What a session may cost is bounded: streams, headers, windows, memory, time.
 */
import type { Server } from 'node:http';
import {
  constants,
  createServer,
  type Http2Server,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { ALL_METHODS, answerError } from './client-error.js';
import { SessionGuard } from './http2-guard.js';
import type { HotReads } from './http2-hot.js';
import { Http2Response } from './http2-response.js';
import { LISTENER_TIMEOUTS, MAX_HEADER_BYTES } from './listener.js';

/** Requests that a session may have in flight. */
const MAX_STREAMS = 100;

/** Bytes of a body that may be under way before any is read. */
const STREAM_WINDOW = 64 * 1024;

/** The same for all bodies of a session together. */
const SESSION_WINDOW = 1024 * 1024;

/** Megabytes that a session may keep, its unread answers included, and still open streams. */
const MAX_SESSION_MEGABYTES = 8;

/** Header fields of a request. */
const MAX_HEADER_PAIRS = 100;

/** Invalid frames, and streams beyond what is allowed, that end a session. */
const MAX_OFFENCES = 100;

/** Milliseconds in which nothing moves on a stream, neither its body nor its answer, after which it is reset. */
const STREAM_SILENCE = 30_000;

/** Milliseconds from an answer to the reset of what its client still sends: curl drops an answer that comes with one. */
const RESET_DELAY = 100;

/** Milliseconds a client has to close its side of the connection when the session has ended. */
const CLOSE_LIMIT = 5_000;

/** Milliseconds between looks for sessions that have ended during a drain. */
const DRAIN_INTERVAL = 20;

/** What the HTTP/1.1 server has listeners for that answer requests. */
const FORWARDED = ['request', 'checkContinue', 'checkExpectation'] as const;

/** Milliseconds. */
export interface Http2Timeouts {
  readonly idleSession?: number;
  readonly silentStream?: number;
}

interface Session {
  readonly guard: SessionGuard;
  readonly socket: Socket;
}

export class Http2Listener {
  readonly #listener: Server;
  readonly #server: Http2Server;
  readonly #sessions = new Map<ServerHttp2Session, Session>();
  readonly #silentStream: number;

  /**
   * @param listener whose listeners of requests answer those of HTTP/2 too
   * @param hot answers what it can before they do
   */
  constructor(listener: Server, timeouts: Http2Timeouts = {}, hot?: HotReads) {
    this.#listener = listener;
    this.#silentStream = timeouts.silentStream ?? STREAM_SILENCE;
    this.#server = createServer({
      settings: {
        maxConcurrentStreams: MAX_STREAMS,
        initialWindowSize: STREAM_WINDOW,
        maxHeaderListSize: MAX_HEADER_BYTES,
      },
      maxSessionMemory: MAX_SESSION_MEGABYTES,
      maxHeaderListPairs: MAX_HEADER_PAIRS,
      maxSessionInvalidFrames: MAX_OFFENCES,
      maxSessionRejectedStreams: MAX_OFFENCES,
      Http2ServerResponse: Http2Response,
    });
    this.#server.setTimeout(timeouts.idleSession ?? LISTENER_TIMEOUTS.keepAliveTimeout);
    this.#server.on('timeout', (session: ServerHttp2Session) => this.#expire(session));
    for (const event of FORWARDED) {
      this.#server.on(event, (request, response) => this.#forward(event, request, response));
    }
    this.#server.on('connect', refuseConnect);
    if (hot !== undefined) this.#shortCut(hot);
  }

  /**
   * Takes a connection that was accepted, and counted, elsewhere, and that begins with the preface of HTTP/2, or has
   * agreed on HTTP/2 by ALPN. Bytes read from it must have been unshifted; it may be paused.
   */
  handOver(socket: Socket): void {
    socket.allowHalfOpen = false;
    this.#server.once('session', (session) => this.#watch(session, socket));
    this.#server.emit('connection', socket);
    // The session takes what was unshifted; this has the socket read on when it was paused.
    socket.read(0);
  }

  /** Tells all clients to make no more requests: sessions end with the last answer under way. May be called again. */
  closeSessions(): void {
    for (const session of this.#sessions.keys()) session.close();
  }

  /** Cuts all sessions off, and returns how many of them had requests in flight. */
  destroySessions(): number {
    let busy = 0;
    for (const { guard, socket } of this.#sessions.values()) {
      if (guard.openStreams > 0) busy++;
      socket.destroy();
    }
    return busy;
  }

  /** Resolves when all sessions have ended: with their last answer, or cut off after `timeout` milliseconds. */
  async drain(timeout: number): Promise<void> {
    const deadline = performance.now() + timeout;
    this.closeSessions();
    while (this.#sessions.size > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_INTERVAL));
    }
    this.destroySessions();
  }

  #watch(session: ServerHttp2Session, socket: Socket): void {
    this.#sessions.set(session, { guard: new SessionGuard(session), socket });
    session.setLocalWindowSize(SESSION_WINDOW);
    // What goes wrong with a session or its connection ends it, and concerns nobody else.
    session.on('error', () => {});
    socket.once('finish', () => destroyLater(socket));
    socket.once('close', () => this.#sessions.delete(session));
  }

  /** Lets `hot` have every stream first. What Node makes of one for the listeners of requests is a listener of its own. */
  #shortCut(hot: HotReads): void {
    const rest = this.#server.listeners('stream');
    this.#server.removeAllListeners('stream');
    this.#server.on('stream', (stream, headers, ...more) => {
      const refer = (): void => {
        for (const listener of rest) listener.call(this.#server, stream, headers, ...more);
      };
      if (stream.closed) return;
      if (hot(stream, headers, refer)) this.#limitSilence(stream);
      else refer();
    });
  }

  #limitSilence(stream: ServerHttp2Stream): void {
    stream.setTimeout(this.#silentStream, () => stream.close(constants.NGHTTP2_CANCEL));
  }

  #expire(session: ServerHttp2Session): void {
    const socket = this.#sessions.get(session)?.socket;
    session.close();
    // A client that does not read holds the end up.
    if (socket !== undefined) destroyLater(socket);
  }

  #forward(
    event: (typeof FORWARDED)[number],
    request: Http2ServerRequest,
    response: Http2ServerResponse,
  ): void {
    const { stream } = request;
    if (stream.closed) return;
    this.#limitSilence(stream);
    if (!stream.endAfterHeaders) stopBodyAfterAnswer(stream);
    this.#listener.emit(event, request, response);
  }
}

/** When an answer did not wait for the end of the body, the client is told to keep the rest (RFC 9113, section 8.1). */
function stopBodyAfterAnswer(stream: ServerHttp2Stream): void {
  // Trailers are the last that is asked for: a reset before the answer has ended would take it back.
  stream.once('wantTrailers', () => {
    if (stream.readableEnded) return;
    const timer = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), RESET_DELAY);
    stream.once('close', () => clearTimeout(timer));
  });
}

/** The answer of the HTTP/1.1 server. `CONNECT` has no path that Hapi could route by. */
function refuseConnect(_request: Http2ServerRequest, response: Http2ServerResponse): void {
  answerError(response, 405, { allow: ALL_METHODS });
}

function destroyLater(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), CLOSE_LIMIT).unref();
  socket.once('close', () => clearTimeout(timer));
}
