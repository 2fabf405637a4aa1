/**
 * Where a worker's connections of the Redis protocol come in: it accepts them, counts them, and gives them to the lane
 * that speaks it, with a certificate after TLS; and it ends them when the worker drains. How connections are accepted to
 * the last is up to `ConnectionDrain`, which sees to those of HTTP at the same time.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import type { Commands } from '../commands/create.js';
import type { Config } from '../config/config.js';
import type { ConcurrencyLimit } from '../limits/concurrency.js';
import type { ProcessState } from '../telemetry/process-state.js';
import { FIRST_REQUEST_LIMIT } from './connection-drain.js';
import { TlsDoor, type TlsIdentity } from './tls-door.js';

/** Milliseconds of silence after which the kernel asks whether a client is still there; Redis has the same. */
const KEEP_ALIVE_DELAY = 300_000;

/** What speaks the Redis protocol. */
export interface RespLane {
  /** Has all connections of a server that does not listen yet and allows half-open ones. */
  acceptFrom(server: Server): void;
  /** Has a connection that was accepted elsewhere, with all bytes unread. */
  take(socket: Socket): void;
  /** From now on what is under way is finished, and nothing new is begun. */
  retire(): void;
  /** Closes connections that have nothing under way. */
  closeIdle(): void;
  /** Connections with a command under way or replies unsent. */
  readonly busy: number;
  /** Lets go of everything. */
  stop(): void;
}

/** What the Redis protocol is spoken with. */
export interface RespLaneParts {
  readonly commands: Commands;
  readonly state: ProcessState;
  readonly limit: ConcurrencyLimit;
  readonly config: Config;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  readonly logger: Logger;
}

export type CreateRespLane = (parts: RespLaneParts) => RespLane;

export interface RespFrontOptions {
  readonly state: ProcessState;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  readonly lane: RespLane;
  /** Absent: plain connections. */
  readonly identity?: TlsIdentity | undefined;
}

export class RespFront {
  /** Not listening: the caller has it listen. */
  readonly acceptor: Server;
  readonly #lane: RespLane;
  readonly #door: TlsDoor | undefined;
  readonly #open = new Set<Socket>();
  /** Connections whose handshake has not come to its end, by their clients' ends. */
  readonly #handshakes = new Map<string, Socket>();

  constructor({ state, worker, lane, identity }: RespFrontOptions) {
    this.#lane = lane;
    this.acceptor = createServer({ allowHalfOpen: true });
    this.acceptor.on('connection', (socket: Socket) => {
      // Not as options of the acceptor: a lane that makes its own sockets goes round them.
      socket.setNoDelay(true);
      socket.setKeepAlive(true, KEEP_ALIVE_DELAY);
      state.count(worker, 'respConnections');
      state.count(worker, 'respOpenConnections');
      this.#open.add(socket);
      socket.once('close', () => {
        this.#open.delete(socket);
        state.count(worker, 'respOpenConnections', -1);
      });
    });
    if (identity === undefined) {
      lane.acceptFrom(this.acceptor);
      return;
    }
    // Whoever does not speak TLS is cut off by it.
    const door = new TlsDoor(identity, {
      onSecure: (socket) => {
        this.#handshakes.delete(clientEnd(socket));
        lane.take(socket);
      },
    });
    this.acceptor.on('connection', (socket: Socket) => {
      const end = clientEnd(socket);
      this.#handshakes.set(end, socket);
      socket.once('close', () => {
        if (this.#handshakes.get(end) === socket) this.#handshakes.delete(end);
      });
      door.handOver(socket);
    });
    this.#door = door;
  }

  /** New connections get another certificate. Without TLS nothing changes. */
  useIdentity(identity: TlsIdentity): void {
    this.#door?.use(identity);
  }

  /** The drain begins. */
  retire(): void {
    this.#lane.retire();
  }

  /**
   * Closes what has nothing under way. To be called again and again, when nothing is accepted any more.
   *
   * @param elapsed milliseconds since the drain began
   */
  sweep(elapsed: number): void {
    this.#lane.closeIdle();
    if (elapsed < FIRST_REQUEST_LIMIT) return;
    // What the lane does not know of. What it does know of it ends itself: to destroy that would tear replies.
    for (const socket of this.#handshakes.values()) socket.destroy();
  }

  /** Cuts off what is left, and returns how many connections with a command under way there were. */
  cutOff(): number {
    const { busy } = this.#lane;
    this.#destroyAll();
    return busy;
  }

  /** Lets go of everything. */
  stop(): void {
    this.#lane.stop();
  }

  #destroyAll(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

function clientEnd({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
