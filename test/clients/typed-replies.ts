/** A connection whose replies are shown with the types that they have on the wire. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** What `read` says of a reply that has not all come yet. */
const INCOMPLETE = Symbol('incomplete');

/**
 * Replies are shown by the byte that their type begins with: `+OK`, `-ERR …`, `:1`, `$value`, `,1.5`, `=txt:…`, `_`; `nil`
 * and `nil*` are those of RESP2, `[a, b]`, `~[a, b]` and `{a: b}` have elements.
 */
export class TypedConnection {
  readonly #socket: Socket;
  #received = '';
  #at = 0;
  readonly #waiting: ((reply: string) => void)[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received += chunk.toString('latin1');
      this.#readAll();
    });
  }

  static async open(owner: { teardown(done: () => void): void }, port: number): Promise<TypedConnection> {
    const socket = connect(port, '127.0.0.1');
    owner.teardown(() => socket.destroy());
    await once(socket, 'connect');
    return new TypedConnection(socket);
  }

  /** @param line words, parted by one blank each */
  ask(line: string): Promise<string> {
    const words = line.split(' ').map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    this.#socket.write(`*${words.length}\r\n${words.join('')}`);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
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

  #read(): string | typeof INCOMPLETE {
    const end = this.#received.indexOf('\r\n', this.#at);
    if (end === -1) return INCOMPLETE;
    const line = this.#received.slice(this.#at, end);
    this.#at = end + 2;
    const length = Number(line.slice(1));
    switch (line[0]) {
      case '$':
      case '=':
        return length === -1 ? 'nil' : this.#readBytes(line[0], length);
      case '*':
        return length === -1 ? 'nil*' : this.#readElements('[', length, ']');
      case '~':
        return this.#readElements('~[', length, ']');
      case '%':
        return this.#readPairs(length);
      default:
        return line;
    }
  }

  #readBytes(type: string, length: number): string | typeof INCOMPLETE {
    if (this.#received.length < this.#at + length + 2) return INCOMPLETE;
    const value = this.#received.slice(this.#at, this.#at + length);
    this.#at += length + 2;
    return type + value;
  }

  #readElements(open: string, length: number, close: string): string | typeof INCOMPLETE {
    const elements: string[] = [];
    for (let i = 0; i < length; i++) {
      const element = this.#read();
      if (element === INCOMPLETE) return INCOMPLETE;
      elements.push(element);
    }
    return open + elements.join(', ') + close;
  }

  #readPairs(length: number): string | typeof INCOMPLETE {
    const pairs: string[] = [];
    for (let i = 0; i < length; i++) {
      const name = this.#read();
      const value = name === INCOMPLETE ? INCOMPLETE : this.#read();
      if (name === INCOMPLETE || value === INCOMPLETE) return INCOMPLETE;
      pairs.push(`${name}: ${value}`);
    }
    return `{${pairs.join(', ')}}`;
  }
}
