/**
 * Duplicates of one bound TCP socket, for Node versions and systems without `reusePort`. Node has no `dup`, but
 * a descriptor that is sent to another process and back is a new one: a short-lived child process does that.
 *
 * This is the one file that leans on corners of Node that its documentation does not promise, all of them also
 * used by Node's own `cluster`: `net._createServerHandle` (binds and does not listen, so the main thread never
 * accepts a connection), `fd` of a handle, and such handles as messages to a child. `assertDuplicable` says so
 * in one line when one of them is missing. Works on Node 20, 22, 24 and 26, on Linux and macOS.
 */
import { type ChildProcess, fork, type SendHandle } from 'node:child_process';
import net from 'node:net';
import { getSystemErrorMap } from 'node:util';

/** A handle of Node's own: a TCP socket, bound or listening. */
export interface RawSocket {
  /** The descriptor; negative where the system has none. */
  readonly fd: number;
  /** Fills in the address; returns a negative errno on error, one that binding has put off included. */
  getsockname(out: { address?: string; port?: number }): number;
  close(): void;
}

type CreateServerHandle = (address: string, port: number, family: 4 | 6) => RawSocket | number;

/** Longest that the child process may take, in milliseconds. */
const CHILD_LIMIT = 10_000;

/** @throws {Error} when this Node can't duplicate sockets: in words for the log */
export function assertDuplicable(): void {
  createServerHandle();
}

/**
 * Binds a TCP socket and does not listen. An IPv6 wildcard takes IPv4 too.
 *
 * @param host an IP address, or empty for all addresses
 * @throws the system error, like `listen`'s
 */
export function bindSocket(host: string, port: number): { socket: RawSocket; host: string; port: number } {
  if (host !== '') return bindAddress(host, port);
  try {
    return bindAddress('::', port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error;
    return bindAddress('0.0.0.0', port);
  }
}

function bindAddress(host: string, port: number): { socket: RawSocket; host: string; port: number } {
  const socket = createServerHandle()(host, port, net.isIPv6(host) ? 6 : 4);
  if (typeof socket === 'number') throw listenError(socket, host, port);
  const bound: { address?: string; port?: number } = {};
  const status = socket.getsockname(bound);
  if (status !== 0) {
    socket.close();
    throw listenError(status, host, port);
  }
  return { socket, host, port: bound.port ?? port };
}

function createServerHandle(): CreateServerHandle {
  const create: unknown = Reflect.get(net, '_createServerHandle');
  if (typeof create === 'function' && process.platform !== 'win32') return create as CreateServerHandle;
  throw new Error(`Node ${process.version} on ${process.platform} can't share a port among worker threads`);
}

function listenError(errno: number, address: string, port: number): Error {
  const [code, text] = getSystemErrorMap().get(errno) ?? [`errno ${errno}`, 'unknown error'];
  const error = new Error(
    `listen ${code}: ${text} ${net.isIPv6(address) ? `[${address}]` : address}:${port}`,
  );
  return Object.assign(error, { code, errno, syscall: 'listen', address, port });
}

/** Makes duplicates of one socket; requests made while a child process is at work are served by it too. */
export class Duplicator {
  readonly #socket: RawSocket;
  readonly #waiting: { resolve: (duplicate: RawSocket) => void; reject: (error: Error) => void }[] = [];
  #child: ChildProcess | undefined;

  constructor(socket: RawSocket) {
    this.#socket = socket;
  }

  /**
   * A duplicate, a descriptor of its own over the same accept queue.
   *
   * @throws {Error} when the child process fails
   */
  duplicate(): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      this.#child ??= this.#startChild();
      this.#child.send('duplicate');
      // Last: both throw where no process can be started, and who has failed must not be answered in place of another.
      this.#waiting.push({ resolve, reject });
    });
  }

  #startChild(): ChildProcess {
    const child = fork(new URL('./duplicator.js', import.meta.url), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      timeout: CHILD_LIMIT,
    });
    let failure = new Error('the child process that duplicates the listening socket has failed');
    child.on('error', (error) => {
      failure = error;
    });
    child.on('message', (_message, handle) => {
      this.#waiting.shift()?.resolve(handle as unknown as RawSocket);
      if (this.#waiting.length === 0) this.#release(child);
    });
    child.on('close', () => {
      if (this.#child !== child) return;
      this.#child = undefined;
      for (const { reject } of this.#waiting.splice(0)) reject(failure);
    });
    child.send('socket', this.#socket as unknown as SendHandle);
    return child;
  }

  /** The child ends by itself when nobody talks to it any more. */
  #release(child: ChildProcess): void {
    this.#child = undefined;
    child.disconnect();
  }
}
