/**
 * The life of one worker, whether it has a thread of its own or the main one: build the cache and the server,
 * listen, serve, drain. It knows nothing of threads.
 */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';
import type { Config, LogLevel } from '../config/config.js';
import { ConcurrencyLimit } from '../limits/concurrency.js';
import { LISTENER_TIMEOUTS } from '../server/listener.js';
import type { HttpServer, HttpServerOptions } from '../server/server.js';
import { openTier } from '../store/tier.js';
import { FastLane } from '../wire/http/fast-lane.js';
import { balanceConnections } from './balance.js';
import { ConnectionDrain, type DrainedBeside, FIRST_REQUEST_LIMIT, IDLE_LINGER } from './connection-drain.js';
import { Front } from './front.js';
import { type ListenTicket, listen } from './listen.js';
import type { Shared } from './shared.js';
import type { TlsIdentity } from './tls-door.js';

/** What a worker needs of its server. */
export type WorkerServer = Pick<
  HttpServer,
  'listener' | 'http2' | 'handOver' | 'refuse' | 'logRequests' | 'start' | 'stop'
>;

export type CreateServer = (options: HttpServerOptions & { readonly config: Config }) => WorkerServer;

export interface WorkerParts {
  readonly config: Config;
  readonly shared: Shared;
  /** Its place, from 0. */
  readonly worker: number;
  readonly ticket: ListenTicket;
  /** Absent: no TLS. */
  readonly identity?: TlsIdentity | undefined;
  readonly createServer: CreateServer;
  readonly logger: Logger;
  /** Called right before the ticket is opened. */
  readonly onAdopting?: () => void;
}

export interface RunningWorker {
  readonly address: AddressInfo;
  /** New connections get another certificate. */
  useIdentity(identity: TlsIdentity): void;
  /** Logs from a level on; from `debug` on every request, which the Hapi server answers then. */
  useLogLevel(level: LogLevel): void;
  /**
   * Stops accepting, finishes what is in flight and stops the server.
   *
   * @param limit milliseconds after which what is still in flight is cut off
   * @returns how many connections with a request in flight were cut off
   */
  drain(limit: number): Promise<number>;
}

/**
 * Resolves when the worker accepts connections.
 *
 * @throws the system error of `listen`, or what the server's own start throws
 */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { config, shared, worker, ticket, logger } = parts;
  const { state } = shared;
  const tier = await openTier({ ...shared, config, worker, logger });
  const limit = ConcurrencyLimit.attach(shared.limit, worker);
  const server = parts.createServer({
    cache: tier.cache,
    state,
    limit,
    config,
    worker,
    logger,
    shortCut: config.fastLane,
  });
  const lane = config.fastLane
    ? new FastLane({
        cache: tier.cache,
        state,
        limit,
        config,
        worker,
        behind: {
          handOver: (socket) => front.handOver(socket),
          refuse: (socket, code) => server.refuse(socket, code),
        },
        timeouts: LISTENER_TIMEOUTS,
      })
    : undefined;
  const front = new Front({
    state,
    worker,
    identity: parts.identity,
    lane,
    http1: (socket) => server.handOver(socket),
    http2: (socket) => server.http2.handOver(socket),
  });
  const logRequests = (): void => {
    const isWanted = logger.isLevelEnabled('debug');
    server.logRequests(isWanted ? logger : undefined);
    lane?.standAside(isWanted);
  };
  logRequests();
  const { acceptor } = front;
  const isEnding = (): boolean => state.phase === 'draining';
  const connections = new ConnectionDrain(server.listener, isEnding, acceptor, beside(front, server, lane));
  if (ticket.kind === 'descriptor') balanceConnections(acceptor, state, worker);
  tier.start();
  await server.start();
  parts.onAdopting?.();
  const address = await listen(acceptor, ticket);
  logger.debug({ ticket }, 'worker listens');
  return {
    address,
    useIdentity: (identity) => front.useIdentity(identity),
    useLogLevel: (level) => {
      logger.level = level;
      logRequests();
    },
    async drain(limit) {
      const deadline = performance.now() + limit;
      lane?.retire();
      const cut = await connections.drain(limit);
      lane?.stop();
      await server.stop(Math.max(0, Math.round(deadline - performance.now())));
      tier.stop();
      logger.debug({ cut }, 'worker has drained');
      return cut;
    },
  };
}

/** What a drain has to see to beside the connections of the Hapi server. */
function beside(front: Front, { http2 }: WorkerServer, lane: FastLane | undefined): DrainedBeside {
  return {
    sweep: (elapsed) => {
      if (elapsed >= IDLE_LINGER) {
        http2.closeSessions();
        lane?.closeIdle(elapsed >= FIRST_REQUEST_LIMIT);
      }
      if (elapsed >= FIRST_REQUEST_LIMIT) front.closeSilent();
    },
    cutOff: () => http2.destroySessions(),
  };
}
