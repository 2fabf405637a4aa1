/** A connection to a real Redis, or what speaks like one, that takes words and gives replies in the form that `Capture` has. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Captured } from './capture.js';
import type { Word } from './rig.js';

/** What `read` says of a reply that has not all come yet. */
const INCOMPLETE = Symbol('incomplete');

export class RedisClient {
  readonly #socket: Socket;
  #received = '';
  #at = 0;
  readonly #waiting: ((reply: Captured) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = this.#received.slice(this.#at) + chunk.toString('latin1');
      this.#at = 0;
      this.#readAll();
    });
  }

  /** @param at the path of a Unix socket, or a port of 127.0.0.1 */
  static async connect(at: string | number): Promise<RedisClient> {
    const socket = typeof at === 'string' ? connect(at) : connect(at, '127.0.0.1');
    await once(socket, 'connect');
    return new RedisClient(socket);
  }

  /** Many of them may be sent before the first has been answered. */
  run(...words: readonly Word[]): Promise<Captured> {
    const parts = words.map((word) => Buffer.from(word));
    const pieces = parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')]);
    this.#socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...pieces]));
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #readAll(): void {
    for (;;) {
      const from = this.#at;
      const reply = this.#read();
      if (reply === INCOMPLETE) {
        this.#at = from;
        return;
      }
      this.#waiting.shift()?.(reply);
    }
  }

  #read(): Captured | typeof INCOMPLETE {
    const end = this.#received.indexOf('\r\n', this.#at);
    if (end === -1) return INCOMPLETE;
    const line = this.#received.slice(this.#at, end);
    this.#at = end + 2;
    const rest = line.slice(1);
    switch (line[0]) {
      case ':':
        return Number.isSafeInteger(Number(rest)) ? Number(rest) : BigInt(rest);
      case '$':
        return rest === '-1' ? null : this.#readValue(Number(rest));
      case '*':
        return rest === '-1' ? null : this.#readList(Number(rest));
      default:
        return line;
    }
  }

  #readValue(length: number): string | typeof INCOMPLETE {
    if (this.#received.length < this.#at + length + 2) return INCOMPLETE;
    const value = this.#received.slice(this.#at, this.#at + length);
    this.#at += length + 2;
    return value;
  }

  #readList(length: number): Captured[] | typeof INCOMPLETE {
    const list: Captured[] = [];
    for (let i = 0; i < length; i++) {
      const value = this.#read();
      if (value === INCOMPLETE) return INCOMPLETE;
      list.push(value);
    }
    return list;
  }
}
