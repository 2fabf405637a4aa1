/**
 * The life of one worker, whether it has a thread of its own or the main one: build the cache and the server,
 * listen, serve, drain. It knows nothing of threads.
 */
import type { Logger } from 'pino';
import { JsonCommands } from '../commands/json-commands.js';
import type { Config, LogLevel } from '../config/config.js';
import { ConcurrencyLimit } from '../limits/concurrency.js';
import { RateLimit } from '../limits/rate.js';
import { Tokens } from '../limits/tokens.js';
import { LISTENER_TIMEOUTS } from '../server/listener.js';
import type { HttpServer, HttpServerOptions } from '../server/server.js';
import { openTier } from '../store/tier.js';
import { HotKeys } from '../telemetry/hot-keys.js';
import { watchRuntime } from '../telemetry/runtime.js';
import { FastLane } from '../wire/http/fast-lane.js';
import { RespLane } from '../wire/resp/resp-lane.js';
import { balanceConnections } from './balance.js';
import { openCommands } from './commands.js';
import { ConnectionDrain, type DrainedBeside, FIRST_REQUEST_LIMIT, IDLE_LINGER } from './connection-drain.js';
import { Front } from './front.js';
import { listenAll, type WorkerAddresses, type WorkerTickets } from './listen.js';
import { type CreateRespLane, RespFront } from './resp-front.js';
import type { Shared } from './shared.js';
import type { TlsIdentity } from './tls-door.js';

/** What a worker needs of its server. */
export type WorkerServer = Pick<
  HttpServer,
  'listener' | 'http2' | 'handOver' | 'refuse' | 'logRequests' | 'start' | 'stop'
>;

export type CreateServer = (options: HttpServerOptions & { readonly config: Config }) => WorkerServer;

/** What the Redis protocol is spoken by. */
const createRespLane: CreateRespLane = ({ commands, state, limit, config, worker, logger }) =>
  new RespLane({
    engine: commands.engine,
    clients: commands.clients,
    limit,
    state,
    worker,
    maxValueSize: config.maxValueSize,
    logger,
  });

export interface WorkerParts extends WorkerTickets {
  readonly config: Config;
  readonly shared: Shared;
  /** Its place, from 0. */
  readonly worker: number;
  /** Absent: no TLS. */
  readonly identity?: TlsIdentity | undefined;
  readonly createServer: CreateServer;
  /** Absent: the lane above; another one is for tests. */
  readonly createRespLane?: CreateRespLane | undefined;
  readonly logger: Logger;
  /** Called right before the tickets are opened. */
  readonly onAdopting?: () => void;
}

export interface RunningWorker extends WorkerAddresses {
  /** New connections get another certificate. */
  useIdentity(identity: TlsIdentity): void;
  /** Logs from a level on; from `debug` on every request, which the Hapi server answers then. */
  useLogLevel(level: LogLevel): void;
  /** Accepts no connections any more, and cuts off those of HTTP/2, now and to come: see `beforeEnd` in thread.ts. */
  leaveHttp2(): void;
  /**
   * Stops accepting, finishes what is in flight and stops the server.
   *
   * @param limit milliseconds after which what is still in flight is cut off
   * @returns how many connections with a request in flight, or a command under way, were cut off
   */
  drain(limit: number): Promise<number>;
}

/**
 * Resolves when the worker accepts connections.
 *
 * @throws the system error of `listen`, or what the server's own start throws
 */
export async function startWorker(parts: WorkerParts): Promise<RunningWorker> {
  const { config, shared, worker, ticket, respTicket, identity, logger } = parts;
  const { state } = shared;
  const turn = shared.turnstile.turnOf(worker);
  const tier = await openTier({ ...shared, config, worker, turn, logger });
  const limit = ConcurrencyLimit.attach(shared.limit, worker);
  const tokens = new Tokens(config.authToken, config.readOnlyToken);
  const rate = shared.rates && RateLimit.attach(shared.rates.requests);
  const { runId } = shared.clients;
  const hotKeys = new HotKeys({ runId, worker, workers: state.workers });
  let respPort = 0;
  const commands = openCommands({
    config,
    shared,
    worker,
    tier,
    turn,
    tokens,
    logger,
    port: () => respPort,
  });
  const server = parts.createServer({
    cache: tier.cache,
    state,
    limit,
    config,
    worker,
    logger,
    shortCut: config.fastLane,
    commands: new JsonCommands(commands.engine, commands.transactions),
    hotKeys,
    tokens,
    rate,
    reportRate: shared.rates && RateLimit.attach(shared.rates.reports),
  });
  const lane = config.fastLane
    ? new FastLane({
        cache: tier.cache,
        state,
        limit,
        config,
        worker,
        tokens,
        rate,
        behind: {
          handOver: (socket) => front.handOver(socket),
          refuse: (socket, code) => server.refuse(socket, code),
        },
        timeouts: LISTENER_TIMEOUTS,
      })
    : undefined;
  let hasLeftHttp2 = false;
  const front = new Front({
    state,
    worker,
    identity,
    lane,
    http1: (socket) => server.handOver(socket),
    http2: (socket) => (hasLeftHttp2 ? socket.destroy() : server.http2.handOver(socket)),
  });
  const logRequests = (): void => {
    const isWanted = logger.isLevelEnabled('debug');
    server.logRequests(isWanted ? logger : undefined);
    lane?.standAside(isWanted);
  };
  logRequests();
  const respLane =
    respTicket &&
    (parts.createRespLane ?? createRespLane)({ commands, state, limit, config, worker, logger });
  const respFront = respLane && new RespFront({ state, worker, lane: respLane, identity });
  const isEnding = (): boolean => state.phase === 'draining';
  const connections = new ConnectionDrain(
    server.listener,
    isEnding,
    front.acceptor,
    beside(front, server, lane, respFront),
  );
  if (ticket.kind === 'descriptor') balanceConnections(front.acceptor, state, worker, 'openConnections');
  if (respFront !== undefined && respTicket?.kind === 'descriptor') {
    balanceConnections(respFront.acceptor, state, worker, 'respOpenConnections');
  }
  tier.start();
  await server.start();
  parts.onAdopting?.();
  const addresses = await listenAll({ ticket, respTicket }, front.acceptor, respFront?.acceptor);
  respPort = addresses.respAddress?.port ?? 0;
  logger.debug({ ticket, respTicket }, 'worker listens');
  const unwatch = watchRuntime({
    board: state.runtime,
    worker,
    logger,
    onStall: () => state.count(worker, 'stalls'),
  });
  return {
    ...addresses,
    useIdentity(changed) {
      front.useIdentity(changed);
      respFront?.useIdentity(changed);
    },
    useLogLevel(level) {
      logger.level = level;
      logRequests();
    },
    leaveHttp2() {
      hasLeftHttp2 = true;
      front.acceptor.close();
      server.http2.destroySessions();
    },
    async drain(limit) {
      const deadline = performance.now() + limit;
      lane?.retire();
      respFront?.retire();
      const cut = await connections.drain(limit);
      lane?.stop();
      respFront?.stop();
      await server.stop(Math.max(0, Math.round(deadline - performance.now())));
      commands.clients.stop();
      hotKeys.stop();
      tier.stop();
      unwatch();
      logger.debug({ cut }, 'worker has drained');
      return cut;
    },
  };
}

/** What a drain has to see to beside the connections of the Hapi server. */
function beside(
  front: Front,
  { http2 }: WorkerServer,
  lane: FastLane | undefined,
  respFront: RespFront | undefined,
): DrainedBeside {
  return {
    acceptor: respFront?.acceptor,
    sweep: (elapsed) => {
      if (elapsed >= IDLE_LINGER) {
        http2.closeSessions();
        lane?.closeIdle(elapsed >= FIRST_REQUEST_LIMIT);
      }
      if (elapsed >= FIRST_REQUEST_LIMIT) front.closeSilent();
      respFront?.sweep(elapsed);
    },
    cutOff: () => http2.destroySessions() + (lane?.cutOff() ?? 0) + (respFront?.cutOff() ?? 0),
  };
}
