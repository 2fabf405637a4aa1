/**
 * A port of the program, and how its workers share it.
 *
 * - `reuse-port` (Linux, from Node 22.12): a listening socket per worker, over which the kernel spreads
 *   connections evenly.
 * - `duplicates` (Node 20, macOS): one socket, of which every worker has a duplicate of its own and the main
 *   thread another one that is never listened on. The accept queue is common: a worker that dies loses none of it.
 * - `exclusive` (one worker on the main thread; a single worker thread on Windows, which has neither).
 *
 * Workers never share a descriptor: the first that closes it would take it from all of them.
 *
 * Two servers must not share a port by accident. The kernel sees to that in all cases but one: with `reusePort`
 * a second process of the same user is welcome. So before the first worker listens, the port is opened without
 * `reusePort`, which fails if anybody listens on it, and closed again. From then until the first worker listens
 * a lock keeps other hotshards from doing the same; from then on their probe fails. When all workers have died,
 * the next one to come begins with the probe again. What remains is a foreign program that uses `reusePort` on
 * the same port on purpose, as the same user, later.
 */
import { promises as dns } from 'node:dns';
import { createServer, isIP } from 'node:net';
import { type ListenTicket, listen } from '../worker/listen.js';
import { assertDuplicable, bindSocket, Duplicator, type RawSocket } from './duplicate.js';
import { takeStartLock } from './start-lock.js';

export type Sharing = 'exclusive' | 'reuse-port' | 'duplicates';

/** The port as the pool of workers uses it. `worker` is a worker's place, from 0. */
export interface SharedPort {
  readonly sharing: Sharing;
  /** What a worker listens with, once. Its replacement needs a new one. Rejects when the port is lost or no ticket can be made. */
  ticket(worker: number): Promise<ListenTicket>;
  /** The worker is about to open its ticket: from now on that is its own. */
  adopted(worker: number): void;
  /** The worker listens. */
  listening(worker: number): void;
  /** The worker's thread has ended, or will not be started: what was meant for it is given up. */
  gone(worker: number): void;
  /** Gives up what the main thread holds. Workers that listen go on. */
  close(): void;
}

export interface PortOptions {
  /** A name or an IP address; empty = all addresses, IPv4 and IPv6. */
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly sharing: Sharing;
}

/** How so many worker threads can share a port here. 0 = the main thread serves. */
export function sharingFor(
  workers: number,
  platform: NodeJS.Platform = process.platform,
  version: string = process.versions.node,
): Sharing {
  if (workers === 0 || platform === 'win32') return 'exclusive';
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const reusePort = major >= 24 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  return platform === 'linux' && reusePort ? 'reuse-port' : 'duplicates';
}

/**
 * Takes the port, as far as that can be done before a worker listens.
 *
 * @throws the system error of `listen` (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND …)
 */
export async function openPort({ host, port, sharing }: PortOptions): Promise<SharedPort> {
  // Resolved once, so that all workers listen on the same address.
  const address = host === '' || isIP(host) !== 0 ? host : (await dns.lookup(host)).address;
  switch (sharing) {
    case 'exclusive':
      return exclusivePort(address, port);
    case 'reuse-port':
      return await ReusedPort.open(address, port);
    case 'duplicates':
      return DuplicatedPort.open(address, port);
  }
}

function exclusivePort(host: string, port: number): SharedPort {
  const ignore = (): void => {};
  return {
    sharing: 'exclusive',
    ticket: async () => ({ kind: 'exclusive', host, port }),
    adopted: ignore,
    listening: ignore,
    gone: ignore,
    close: ignore,
  };
}

/** Tries of finding a free port that no other hotshard takes at the same moment. */
const FREE_PORT_TRIES = 10;

class ReusedPort implements SharedPort {
  readonly sharing = 'reuse-port';
  readonly #listening = new Set<number>();
  #host: string;
  #port: number;
  /** The claim on the port, from the probe until all workers have gone. */
  #claim: Promise<void> | undefined;
  #releaseLock: (() => void) | undefined;

  private constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  static async open(host: string, port: number): Promise<ReusedPort> {
    // Whoever holds the lock of a free port may be this very program, for its other port.
    const patience = port === 0 ? 0 : undefined;
    for (let tries = 1; ; tries++) {
      const candidate = new ReusedPort(host, port === 0 ? (await probe(host, 0)).port : port);
      try {
        await candidate.#claimed(patience);
        return candidate;
      } catch (error) {
        const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
        if (port !== 0 || !taken || tries === FREE_PORT_TRIES) throw error;
      }
    }
  }

  async ticket(): Promise<ListenTicket> {
    if (this.#listening.size === 0) await this.#claimed();
    return { kind: 'reuse-port', host: this.#host, port: this.#port };
  }

  adopted(): void {}

  listening(worker: number): void {
    this.#listening.add(worker);
    this.#unlock();
  }

  gone(worker: number): void {
    if (this.#listening.delete(worker) && this.#listening.size === 0) this.#claim = undefined;
  }

  close(): void {
    this.#unlock();
  }

  /** @param patience milliseconds to wait for another start on the same port number */
  #claimed(patience?: number): Promise<void> {
    this.#claim ??= this.#takeLockAndProbe(patience).catch((error: unknown) => {
      this.#claim = undefined;
      this.#unlock();
      throw error;
    });
    return this.#claim;
  }

  async #takeLockAndProbe(patience?: number): Promise<void> {
    this.#releaseLock = await takeStartLock(this.#port, patience);
    const { address } = await probe(this.#host, this.#port);
    this.#host = address;
  }

  #unlock(): void {
    this.#releaseLock?.();
    this.#releaseLock = undefined;
  }
}

/** Listens for an instant where nobody else may, and resolves with the address that was free. */
async function probe(host: string, port: number): Promise<{ address: string; port: number }> {
  const server = createServer((socket) => socket.destroy());
  const { address, port: free } = await listen(server, { kind: 'exclusive', host, port });
  server.close();
  // The address as given: an IPv6 zone is not part of what the socket says.
  return { address: host === '' ? address : host, port: free };
}

class DuplicatedPort implements SharedPort {
  readonly sharing = 'duplicates';
  readonly #socket: RawSocket;
  readonly #port: number;
  readonly #duplicator: Duplicator;
  /**
   * Duplicates that no worker has opened yet. An opened one belongs to its worker, which closes the descriptor;
   * the handle on this side must then never be touched again, as the number may be another file's by then.
   */
  readonly #unopened = new Map<number, RawSocket>();

  private constructor(socket: RawSocket, port: number) {
    this.#socket = socket;
    this.#port = port;
    this.#duplicator = new Duplicator(socket);
  }

  static open(host: string, port: number): DuplicatedPort {
    assertDuplicable();
    const bound = bindSocket(host, port);
    return new DuplicatedPort(bound.socket, bound.port);
  }

  async ticket(worker: number): Promise<ListenTicket> {
    const duplicate = await this.#duplicator.duplicate();
    this.#unopened.set(worker, duplicate);
    return { kind: 'descriptor', fd: duplicate.fd, port: this.#port };
  }

  adopted(worker: number): void {
    this.#unopened.delete(worker);
  }

  listening(): void {}

  gone(worker: number): void {
    this.#unopened.get(worker)?.close();
    this.#unopened.delete(worker);
  }

  close(): void {
    this.#socket.close();
  }
}
