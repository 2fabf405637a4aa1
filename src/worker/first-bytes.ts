/**
 * What a connection is, told by the first bytes its client sends. They may come one by one, or never: whoever has not
 * said by a time limit what he wants is given up, and so is who ends his side in the middle of it.
 */
import type { Socket } from 'node:net';

/** What the bytes read so far say: whose connection it is, or undefined as long as they don't. */
export type Judge = (bytes: Buffer) => ((socket: Socket) => void) | undefined;

/** What a client of HTTP/2 sends first (RFC 9113, section 3.4). To HTTP/1.1 it is no request. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Whether bytes begin like the preface of HTTP/2; undefined when more of them are needed to tell. */
export function beginsHttp2(bytes: Uint8Array): boolean | undefined {
  const length = Math.min(bytes.length, PREFACE.length);
  if (PREFACE.compare(bytes, 0, length, 0, length) !== 0) return false;
  return length === PREFACE.length ? true : undefined;
}

/** What became of the request that was to come: it took too long (408), or it breaks off (400). */
export type Lack = 408 | 400;

interface Waiting {
  /** When it came. */
  readonly since: number;
  /** Nobody listens to it any more. */
  readonly settle: () => void;
}

export class FirstBytes {
  /** The undecided. */
  readonly #waiting = new Map<Socket, Waiting>();
  readonly #giveUp: (socket: Socket, lack: Lack) => void;

  /** @param giveUp what to do with who has begun to say what he wants, and won't end, or has not even begun in time */
  constructor(giveUp: (socket: Socket, lack: Lack) => void) {
    this.#giveUp = giveUp;
  }

  /** Gives the socket to whom the judge names, with all its bytes unread. */
  await(socket: Socket, judge: Judge): void {
    let bytes: Buffer = Buffer.alloc(0);
    const settle = (): void => {
      this.#waiting.delete(socket);
      socket.off('readable', onReadable);
      socket.off('end', onEnd);
      socket.off('error', onError);
      socket.off('close', settle);
    };
    const onReadable = (): void => {
      const chunk: Buffer | null = socket.read();
      if (chunk === null) return;
      bytes = Buffer.concat([bytes, chunk]);
      const taker = judge(bytes);
      if (taker === undefined) return;
      settle();
      socket.unshift(bytes);
      taker(socket);
    };
    const onEnd = (): void => {
      settle();
      // Who has said nothing has asked for nothing.
      if (bytes.length === 0) socket.destroy();
      else this.#giveUp(socket, 400);
    };
    // What goes wrong closes it, and nobody is there yet who would want to know.
    const onError = (): void => {};
    this.#waiting.set(socket, { since: performance.now(), settle });
    socket.on('readable', onReadable);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', settle);
  }

  /** Gives up those who have been here for so many milliseconds. */
  giveUpAfter(limit: number): void {
    const now = performance.now();
    for (const [socket, { since, settle }] of this.#waiting) {
      if (now - since < limit) continue;
      settle();
      this.#giveUp(socket, 408);
    }
  }

  /** Closes all connections whose clients have not said yet what they want. */
  destroyAll(): void {
    for (const socket of this.#waiting.keys()) socket.destroy();
  }
}
