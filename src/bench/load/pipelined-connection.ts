/** One connection with several requests under way at a time: those that are sent in one turn of the event loop leave together. */
import { createConnection, type Socket } from 'node:net';
import type { ReadHead } from './answers.js';
import { type Answered, type LoadConnection, NO_ANSWER, type RequestBytes } from './connection.js';

const EMPTY = Buffer.alloc(0);

export class PipelinedConnection implements LoadConnection {
  readonly #host: string;
  readonly #port: number;
  readonly #readHead: ReadHead;
  #socket: Socket | undefined;
  /** In the order of their requests. */
  #waiting: Answered[] = [];
  #unsent = '';
  /** Of an answer whose end has not come in yet. */
  #begun: Buffer = EMPTY;

  constructor(port: number, readHead: ReadHead, host = '127.0.0.1') {
    this.#host = host;
    this.#port = port;
    this.#readHead = readHead;
  }

  open(): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = this.#connect();
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
  }

  /** At any time, whether earlier requests were answered or not. */
  send({ text, body }: RequestBytes, answered: Answered): void {
    this.#waiting.push(answered);
    if (this.#unsent === '') queueMicrotask(() => this.#flush());
    this.#unsent += body === undefined ? text : text + body[0].toString('latin1') + body[1];
  }

  close(): void {
    this.#socket?.destroy();
  }

  #flush(): void {
    const socket = this.#socket ?? this.#connect();
    socket.write(this.#unsent, 'latin1');
    this.#unsent = '';
  }

  #connect(): Socket {
    const socket = createConnection({ host: this.#host, port: this.#port, noDelay: true });
    this.#socket = socket;
    this.#begun = EMPTY;
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      this.#socket = undefined;
      this.#unsent = '';
      const lost = this.#waiting;
      this.#waiting = [];
      for (const answered of lost) answered(NO_ANSWER, EMPTY);
    });
    return socket;
  }

  #take(chunk: Buffer): void {
    let bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk]);
    let head = this.#readHead(bytes);
    while (head !== undefined && bytes.length >= head.length) {
      this.#waiting.shift()?.(head.status, bytes.subarray(head.bodyStart, head.bodyEnd));
      bytes = bytes.subarray(head.length);
      head = this.#readHead(bytes);
    }
    this.#begun = bytes;
  }
}
