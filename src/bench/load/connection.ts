/**
 * One HTTP/1.1 connection that is kept open, on a raw socket, with one request under way at a time: as little work per
 * request as there can be, so that what is measured is the server.
 */
import { createConnection, type Socket } from 'node:net';

/**
 * @param status of HTTP, or {@link NO_ANSWER}
 * @param body valid until the call returns
 */
export type Answered = (status: number, body: Buffer) => void;

/** In place of a status: the connection was refused, or lost before the answer was whole. */
export const NO_ANSWER = 0;

const EMPTY = Buffer.alloc(0);
const END_OF_HEAD = '\r\n\r\n';
const STATUS_START = 'HTTP/1.1 '.length;
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
const CLOSE = /\r\nconnection: *close/i;
const NO_CONTENT = 204;

interface Head {
  readonly status: number;
  /** Of head and body. */
  readonly length: number;
  readonly bodyStart: number;
  /** Whether the server ends the connection after this answer. */
  readonly closes: boolean;
}

export class Connection {
  readonly #port: number;
  #socket: Socket | undefined;
  #read: Buffer = EMPTY;
  #answered: Answered | undefined;

  /** Of 127.0.0.1. */
  constructor(port: number) {
    this.#port = port;
  }

  /** Rejects when nobody listens there. */
  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#connect();
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  }

  /** Only when the last request was answered. Opens the connection again where it was closed. */
  send(request: string, answered: Answered): void {
    this.#answered = answered;
    (this.#socket ?? this.#connect()).write(request, 'latin1');
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket = createConnection({ host: '127.0.0.1', port: this.#port, noDelay: true });
    this.#socket = socket;
    this.#read = EMPTY;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#finish(NO_ANSWER, EMPTY);
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    this.#read = this.#read.length === 0 ? chunk : Buffer.concat([this.#read, chunk]);
    const head = headOf(this.#read);
    if (head === undefined || this.#read.length < head.length) return;
    const body = this.#read.subarray(head.bodyStart, head.length);
    this.#read = EMPTY;
    if (head.closes) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.#finish(head.status, body);
  }

  #finish(status: number, body: Buffer): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(status, body);
  }
}

/** Undefined until it is whole. */
function headOf(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf(END_OF_HEAD);
  if (end === -1) return undefined;
  const text = bytes.toString('latin1', 0, end);
  const status = Number(text.slice(STATUS_START, STATUS_START + 3));
  const length = status === NO_CONTENT ? 0 : Number(CONTENT_LENGTH.exec(text)?.[1] ?? Number.NaN);
  if (Number.isNaN(length)) throw new Error(`an answer without Content-Length: ${text}`);
  const bodyStart = end + END_OF_HEAD.length;
  return { status, length: bodyStart + length, bodyStart, closes: CLOSE.test(text) };
}
