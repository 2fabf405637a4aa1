/**
 * One connection that is kept open, on a raw socket, with one request under way at a time: as little work per request as
 * there can be, so that what is measured is the server.
 */
import { createConnection, type Socket } from 'node:net';
import type { Head, ReadHead } from './answers.js';

/**
 * @param status of HTTP, or {@link NO_ANSWER}
 * @param body valid until the call returns; empty when it was too long to be kept
 */
export type Answered = (status: number, body: Buffer) => void;

/** In place of a status: the connection was refused, or lost before the answer was whole. */
export const NO_ANSWER = 0;

/** A request as it goes over the wire. */
export interface RequestBytes {
  /** All of it; where there is a body, what comes before. */
  readonly text: string;
  /** A long value, and what comes after it. */
  readonly body?: readonly [Buffer, string];
}

/** What a load needs of a connection, whatever protocol it speaks: one request is under way at a time. */
export interface LoadConnection {
  /** Rejects when nobody listens there. */
  open(): Promise<void>;
  /** Only when the last request was answered. Opens the connection again where it was closed. */
  send(request: RequestBytes, answered: Answered): void;
  /** Whoever waits for an answer gets none. */
  close(): void;
}

const EMPTY = Buffer.alloc(0);

/** What all sockets read into: a chunk is done with, or copied, before the next is read. */
const CHUNK = Buffer.alloc(64 * 1024);

export class Connection implements LoadConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #readHead: ReadHead;
  readonly #from: string | undefined;
  #socket: Socket | undefined;
  /** Of an answer whose end is not yet known. */
  #begun = EMPTY;
  /** Of the answer that is coming in, once its end is known. */
  #head: Head | undefined;
  /** Bytes of it that are still to come. */
  #missing = 0;
  #answered: Answered | undefined;

  /** @param from address to come from; absent: what the system takes */
  constructor(port: number, readHead: ReadHead, host = '127.0.0.1', from?: string) {
    this.#host = host;
    this.#port = port;
    this.#readHead = readHead;
    this.#from = from;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#connect();
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  }

  send({ text, body }: RequestBytes, answered: Answered): void {
    this.#answered = answered;
    const socket = this.#socket ?? this.#connect();
    if (body === undefined) {
      socket.write(text, 'latin1');
      return;
    }
    socket.cork();
    socket.write(text, 'latin1');
    socket.write(body[0]);
    socket.write(body[1], 'latin1');
    socket.uncork();
  }

  close(): void {
    this.#socket?.destroy();
  }

  #connect(): Socket {
    const socket: Socket = createConnection({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      ...(this.#from !== undefined && { localAddress: this.#from }),
      onread: {
        buffer: CHUNK,
        callback: (length) => {
          if (this.#socket === socket) this.#take(CHUNK.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket = socket;
    this.#begun = EMPTY;
    this.#head = undefined;
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      this.#finish(NO_ANSWER, EMPTY);
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    if (this.#head !== undefined) {
      this.#missing -= chunk.length;
      if (this.#missing <= 0) this.#end(this.#head, EMPTY);
      return;
    }
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    const head = this.#readHead(bytes);
    if (head !== undefined && bytes.length >= head.length) {
      this.#end(head, bytes.subarray(head.bodyStart, head.bodyEnd));
    } else if (head !== undefined && head.length > CHUNK.length) {
      this.#head = head;
      this.#missing = head.length - bytes.length;
    } else {
      this.#begun = Buffer.from(bytes);
    }
  }

  #end({ status, closes }: Head, body: Buffer): void {
    this.#head = undefined;
    this.#begun = EMPTY;
    if (closes) {
      this.#socket?.destroy();
      this.#socket = undefined;
    }
    this.#finish(status, body);
  }

  #finish(status: number, body: Buffer): void {
    const answered = this.#answered;
    this.#answered = undefined;
    answered?.(status, body);
  }
}
