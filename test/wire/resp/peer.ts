/** A client of a lane that reads when it is told to, and as much as it is told to. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import tls from 'node:tls';

interface Test {
  teardown(done: () => void): void;
}

export class Peer {
  readonly socket: Socket;
  /** Resolves when the server has ended the connection: with nothing, or the code of an error. */
  readonly ended: Promise<string | undefined>;
  #chunks: Buffer[] = [];
  #length = 0;
  #hasEnded = false;
  #wake: () => void = () => {};

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.pause();
    socket.on('data', (chunk) => {
      this.#chunks.push(chunk);
      this.#length += chunk.length;
      this.#wake();
    });
    this.ended = new Promise((resolve) => {
      const end = (code?: string): void => {
        this.#hasEnded = true;
        resolve(code);
        this.#wake();
      };
      socket.on('end', () => end());
      socket.on('error', ({ code }: NodeJS.ErrnoException) => end(code ?? 'error'));
    });
  }

  /** It is destroyed when the test ends. */
  static async connect(t: Test, port: number): Promise<Peer> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    return await Peer.#over(t, socket, 'connect');
  }

  /** The same over TLS, with any certificate. */
  static async connectSecurely(t: Test, port: number): Promise<Peer> {
    const options = { port, host: '127.0.0.1', allowHalfOpen: true, rejectUnauthorized: false };
    return await Peer.#over(t, tls.connect(options), 'secureConnect');
  }

  static async #over(t: Test, socket: Socket, event: 'connect' | 'secureConnect'): Promise<Peer> {
    t.teardown(() => socket.destroy());
    await once(socket, event);
    socket.setNoDelay(true);
    return new Peer(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The next bytes, so many; fewer when the connection ends before. */
  async read(count: number): Promise<Buffer> {
    this.socket.resume();
    while (this.#length < count && !this.#hasEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.socket.pause();
    const all = Buffer.concat(this.#chunks);
    const bytes = all.subarray(0, count);
    const rest = all.subarray(bytes.length);
    this.#chunks = [rest];
    this.#length = rest.length;
    return bytes;
  }

  /** The same as text: what is expected, or what comes in its place. */
  async text(expected: string): Promise<string> {
    return (await this.read(Buffer.byteLength(expected))).toString();
  }

  /** All that comes until the server ends the connection. */
  async rest(): Promise<string> {
    return (await this.read(Number.POSITIVE_INFINITY)).toString();
  }
}
