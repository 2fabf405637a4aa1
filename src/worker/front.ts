/**
 * Where a worker's connections come in: it accepts them, counts them, and gives each to the server that speaks what its
 * client speaks. On one port that is HTTP/1.1 and HTTP/2 with prior knowledge, told apart by their first bytes, or
 * with a certificate the two over TLS, where clients say which by ALPN. Where there is a fast lane it has connections of
 * HTTP/1.1 first, and without TLS all of them: it looks at first bytes anyway, and gives back what it can't use.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { rawAnswer } from '../server/client-error.js';
import { lingeringClose } from '../server/linger.js';
import { ACCEPT_OPTIONS, LISTENER_TIMEOUTS, TIMEOUT_CHECK_INTERVAL } from '../server/listener.js';
import type { ProcessState } from '../telemetry/process-state.js';
import type { FastLane } from '../wire/http/fast-lane.js';
import { beginsHttp2, FirstBytes, type Judge, type Lack } from './first-bytes.js';
import { TlsDoor, type TlsIdentity } from './tls-door.js';

/** First byte of every connection of TLS: a handshake record. */
const TLS_HANDSHAKE = 0x16;

type Taker = (socket: Socket) => void;

export interface FrontOptions {
  readonly state: ProcessState;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  /** Take connections with all bytes unread. */
  readonly http1: Taker;
  readonly http2: Taker;
  /** Has connections of HTTP/1.1 first, and returns by {@link Front.handOver} what is not for it. Absent: there is none. */
  readonly lane?: Pick<FastLane, 'acceptFrom' | 'take'> | undefined;
  /** Absent: plain connections. */
  readonly identity?: TlsIdentity | undefined;
  /** Milliseconds in which a client must begin to speak; for tests. */
  readonly headersTimeout?: number;
}

export class Front {
  /** Not listening: the caller has it listen. */
  readonly acceptor: Server;
  readonly #firstBytes: FirstBytes;
  readonly #door: TlsDoor | undefined;
  readonly #http1: Taker;
  readonly #judge: Judge;

  constructor(options: FrontOptions) {
    const { state, worker, http1, http2, lane, identity } = options;
    const { headersTimeout = LISTENER_TIMEOUTS.headersTimeout } = options;
    const plain = (bytes: Buffer): Taker | undefined => {
      const isHttp2 = beginsHttp2(bytes);
      if (isHttp2 === undefined) return undefined;
      return isHttp2 ? http2 : http1;
    };
    const secured: Taker = lane === undefined ? http1 : (socket) => lane.take(socket);
    const door =
      identity &&
      new TlsDoor(identity, {
        protocols: ['h2', 'http/1.1', 'http/1.0'],
        onSecure: (socket) => (socket.alpnProtocol === 'h2' ? http2 : secured)(socket),
        handshakeTimeout: headersTimeout,
      });
    this.#judge = door === undefined ? plain : secure(door);
    this.#door = door;
    this.#http1 = http1;
    // Who was expected to speak TLS could not read an answer.
    this.#firstBytes = new FirstBytes(door === undefined ? refuseLacking : (socket) => socket.destroy());
    this.acceptor = createServer(ACCEPT_OPTIONS);
    this.acceptor.on('connection', (socket: Socket) => {
      state.count(worker, 'connections');
      state.count(worker, 'openConnections');
      socket.once('close', () => state.count(worker, 'openConnections', -1));
    });
    if (lane !== undefined && door === undefined) lane.acceptFrom(this.acceptor);
    else this.acceptor.on('connection', (socket: Socket) => this.#firstBytes.await(socket, this.#judge));
    const check = setInterval(() => this.#firstBytes.giveUpAfter(headersTimeout), TIMEOUT_CHECK_INTERVAL);
    check.unref();
    this.acceptor.once('close', () => clearInterval(check));
  }

  /** Takes a connection that the lane does not go on with; bytes that it has read and not answered must have been unshifted. */
  handOver(socket: Socket): void {
    // All that has come is unread, so these are first bytes. Later ones can only be HTTP/1.1, and so can those under TLS.
    if (this.#door === undefined && socket.readableLength === socket.bytesRead) {
      this.#firstBytes.await(socket, this.#judge);
    } else this.#http1(socket);
  }

  /** New connections get another certificate. Without TLS nothing changes. */
  useIdentity(identity: TlsIdentity): void {
    this.#door?.use(identity);
  }

  /** Closes connections whose clients have not said yet what they want. */
  closeSilent(): void {
    this.#firstBytes.destroyAll();
  }
}

function secure(door: TlsDoor): (bytes: Buffer) => Taker {
  const enter = (socket: Socket): void => door.handOver(socket);
  return (bytes) => (bytes[0] === TLS_HANDSHAKE ? enter : refusePlain);
}

/** As the HTTP server does. */
function refuseLacking(socket: Socket, lack: Lack): void {
  refuse(socket, rawAnswer(lack));
}

function refusePlain(socket: Socket): void {
  refuse(socket, rawAnswer(400, '', 'this port speaks TLS: the URL must begin with https://'));
}

/** Nobody has the connection yet, so there is nobody else to read what still comes, or to hear of errors. */
function refuse(socket: Socket, answer: string): void {
  socket.on('error', () => {});
  socket.write(answer);
  socket.resume();
  lingeringClose(socket);
}
