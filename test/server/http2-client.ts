/** Requests of HTTP/2, over a session that is kept, and raw frames for what no client of good will sends. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session } from 'node:http2';
import net, { type Socket } from 'node:net';
import type { Answer, Asking } from './server-under-test.js';

/** One request over a session. */
export function askOver(
  session: ClientHttp2Session,
  method: string,
  path: string,
  { headers, body }: Asking = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(
      { ...headers, ':method': method, ':path': path },
      { endStream: body === undefined },
    );
    const chunks: Buffer[] = [];
    let answered: http2.IncomingHttpHeaders & http2.IncomingHttpStatusHeader = {};
    stream.on('response', (received) => {
      answered = received;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', reject);
    stream.on('close', () => {
      const { ':status': status, ...headers } = answered;
      if (status === undefined) reject(new Error(`no answer: reset by ${stream.rstCode}`));
      const bytes = Buffer.concat(chunks);
      resolve({ status: status ?? 0, headers, body: bytes, text: bytes.toString() });
    });
    if (body !== undefined) stream.end(body);
  });
}

/** A session that has begun. */
export async function openSession(
  url: string,
  options: http2.SecureClientSessionOptions = {},
): Promise<ClientHttp2Session> {
  const session = http2.connect(url, options);
  session.on('error', () => {});
  await once(session, 'connect');
  return session;
}

export const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Types of frames (RFC 9113, section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  continuation: 9,
} as const;

export const END_STREAM = 1;
export const END_HEADERS = 4;

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** The headers of a request, in HPACK without compression. */
export function headersOf(method: string, path: string): Buffer {
  // Of the static table: `:scheme: http`, and the names `:method`, `:path` and `:authority`.
  const literal = (name: number, value: string): Buffer =>
    Buffer.concat([Buffer.of(name, value.length), Buffer.from(value)]);
  return Buffer.concat([Buffer.of(0x86), literal(0x02, method), literal(0x04, path), literal(0x01, 'h')]);
}

/** A connection on which frames are written by hand, and those that come are taken apart. */
export class FrameClient {
  readonly socket: Socket;
  /** Types of the frames received, by stream. */
  readonly received: { type: number; flags: number; stream: number; payload: Buffer }[] = [];
  readonly closed: Promise<unknown>;
  #bytes = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.socket = socket;
    // Not by `once`, which rejects when the connection is reset before it closes.
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  /** Connects and sends preface and settings. */
  static async open(port: number, settings: Uint8Array = Buffer.alloc(0)): Promise<FrameClient> {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    const client = new FrameClient(socket);
    socket.write(PREFACE);
    socket.write(frame(FRAME.settings, 0, 0, settings));
    return client;
  }

  /** The error code of the GOAWAY received; undefined when there is none. */
  get goaway(): number | undefined {
    return this.received.findLast(({ type }) => type === FRAME.goaway)?.payload.readUInt32BE(4);
  }

  count(type: number): number {
    return this.received.filter((received) => received.type === type).length;
  }

  #take(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    while (this.#bytes.length >= 9) {
      const length = this.#bytes.readUIntBE(0, 3);
      if (this.#bytes.length < 9 + length) return;
      const [type = 0, flags = 0] = this.#bytes.subarray(3, 5);
      const stream = this.#bytes.readUInt32BE(5);
      this.received.push({ type, flags, stream, payload: this.#bytes.subarray(9, 9 + length) });
      this.#bytes = this.#bytes.subarray(9 + length);
    }
  }
}
