/**
 * The HTTP server of one worker: Hapi, which owns every route, every error and every rule, over a listener whose
 * connections come from elsewhere.
 */
import type http from 'node:http';
import type { Socket } from 'node:net';
import Hapi, { type RouteOptionsSecure } from '@hapi/hapi';
import type { JsonCommands } from '../commands/json-commands.js';
import type { Config } from '../config/config.js';
import type { ConcurrencyLimit } from '../limits/concurrency.js';
import { exposition } from '../telemetry/exposition.js';
import type { HotKeys } from '../telemetry/hot-keys.js';
import { readMetrics } from '../telemetry/metrics.js';
import type { ProcessState } from '../telemetry/process-state.js';
import { collectStats, storeKind } from '../telemetry/stats.js';
import { withholdContinue } from './body.js';
import { answerClientErrors } from './client-error.js';
import { Http2Listener, type Http2Timeouts } from './http2.js';
import { type HotReads, hotReads } from './http2-hot.js';
import { InFlight } from './in-flight.js';
import { HttpListener, type ListenerTimeouts } from './listener.js';
import { assertWellFormed, cannotBeAnswered } from './malformed.js';
import type { ServedCache } from './place.js';
import { type AccessRules, bucketsOf, guardAccess } from './plugins/access.js';
import { AccessLog, type RequestLogger } from './plugins/access-log.js';
import { countRequests, logFailures, type ServerLogger } from './plugins/counters.js';
import { limitConcurrency } from './plugins/limits.js';
import { COMMAND_PATHS, commandEndpoints, largestCommandBody } from './routes/commands.js';
import { healthEndpoints } from './routes/health.js';
import { lookupEndpoints } from './routes/lookup.js';
import { metaEndpoints } from './routes/meta.js';
import { describedEndpoints } from './routes/openapi.js';
import { routeTable } from './routes/table.js';
import { valueEndpoints } from './routes/value.js';
import { keepDotSegments, routeUndecodableKey } from './target.js';

export type { ServerLogger } from './plugins/counters.js';

export interface HttpServerOptions extends AccessRules {
  readonly cache: ServedCache;
  readonly state: ProcessState;
  readonly limit: ConcurrencyLimit;
  /** Runs Redis commands that come as JSON. */
  readonly commands: JsonCommands;
  readonly hotKeys: Pick<HotKeys, 'report'>;
  readonly config: Pick<Config, 'maxValueSize'> & Partial<Pick<Config, 'redis' | 'redisCluster' | 'load'>>;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  readonly logger?: ServerLogger;
  /** Whether HTTP/2 may answer reads without Hapi; absent: it may. */
  readonly shortCut?: boolean;
  /** Milliseconds; for tests. */
  readonly timeouts?: ListenerTimeouts & Http2Timeouts;
}

export interface HttpServer {
  /** Not listening: the caller has it listen, or emits connections on it by {@link handOver}. */
  readonly listener: http.Server;
  /** Takes connections of HTTP/2; the answers come from the same routes. */
  readonly http2: Http2Listener;
  readonly hapi: Hapi.Server;
  /** Takes a connection that was accepted, and counted, elsewhere, with the bytes read from it unshifted. */
  handOver(socket: Socket): void;
  /** Answers what came by a connection accepted elsewhere and is no request, by the code of Node's error with it. */
  refuse(socket: Socket, code: string): void;
  /** Has requests logged, and all of them answered by Hapi for that; without a logger no more. */
  logRequests(logger: RequestLogger | undefined): void;
  /** Must be done before the first request: until then every answer closes its connection. */
  start(): Promise<void>;
  /** Stops accepting, finishes what is in flight within `timeout` milliseconds, and closes what is left then. */
  stop(timeout: number): Promise<void>;
}

export function createServer(options: HttpServerOptions): HttpServer {
  const { cache, state, limit, config, worker, logger, timeouts, hotKeys } = options;
  const listener = new HttpListener(state, worker, timeouts);
  const { tokens } = options;
  const buckets = bucketsOf(options);
  let isLogging = false;
  const hot = hotReads({ cache, state, limit, worker, tokens, buckets: buckets.requests });
  const unlogged: HotReads = (...request) => !isLogging && hot(...request);
  const http2 = new Http2Listener(
    listener.server,
    timeouts,
    options.shortCut === false ? undefined : unlogged,
  );
  const hapi = hapiServer(listener.server);
  const accessLog = new AccessLog(hapi);
  const inFlight = new InFlight(limit);
  const largestCommand = largestCommandBody(config.maxValueSize);

  answerClientErrors(listener.server, inFlight);
  const guard = guardAccess(tokens, buckets, inFlight);
  const admit = limitConcurrency(hapi, inFlight, () => state.count(worker, 'rejected'));
  const countReceived = countRequests(hapi, state, worker);
  // One step for all that comes before the routes: Hapi spends about 1 µs on each.
  hapi.ext('onRequest', (request, h) => {
    if (cannotBeAnswered(request.raw.req)) return h.abandon;
    assertWellFormed(request, inFlight);
    countReceived(request);
    keepDotSegments(request);
    routeUndecodableKey(request);
    const refused = guard(request, h);
    if (refused !== undefined) return refused;
    if (request.headers.expect !== undefined) {
      withholdContinue(request, COMMAND_PATHS.has(request.path) ? largestCommand : config.maxValueSize);
    }
    return admit(request, h);
  });
  if (logger !== undefined) logFailures(hapi, logger);
  const sources = { map: cache.map, state, limit, worker, store: storeKind(config) };
  const stats = (): object => collectStats(sources);
  const metrics = (): string => exposition(readMetrics(sources));
  const runsCommands = commandEndpoints(options.commands, config.maxValueSize);
  hapi.route(
    routeTable(
      describedEndpoints([
        ...metaEndpoints(cache, { stats, metrics, hotKeys }, runsCommands.root),
        ...runsCommands.others,
        ...valueEndpoints(cache, config.maxValueSize),
        ...lookupEndpoints(cache),
        ...healthEndpoints(state),
      ]),
    ),
  );

  return {
    listener: listener.server,
    http2,
    hapi,
    handOver: (socket) => listener.handOver(socket),
    refuse: (socket, code) => listener.refuse(socket, code),
    logRequests: (logger) => {
      isLogging = logger !== undefined;
      accessLog.use(logger);
    },
    start: () => hapi.start(),
    stop: async (timeout) => {
      const stopped = hapi.stop({ timeout });
      await Promise.all([listener.drain(timeout), http2.drain(timeout)]);
      await stopped;
    },
  };
}

/** Values are of whoever stored them: no browser shall take one for a page or a script. */
const NO_SNIFF: RouteOptionsSecure = {
  ...{ hsts: false, xss: false, noOpen: false, noSniff: true, referrer: false },
  // Hapi's types don't know that this may be false.
  ...({ xframe: false } as object),
};

/** Values are bytes and go as they came: nothing here looks into them, compresses them or cuts them. */
function hapiServer(listener: http.Server): Hapi.Server {
  return Hapi.server({
    listener,
    autoListen: false,
    debug: false,
    compression: false,
    // Hapi counts connections from the moment it listens, which here it may never do; `HttpListener` drains.
    operations: { cleanStop: false },
    routes: {
      state: { parse: false, failAction: 'ignore' },
      response: { emptyStatusCode: 200, ranges: false },
      security: NO_SNIFF,
      payload: {
        output: 'stream',
        parse: false,
        // A `Content-Type` that can't be parsed would be 400.
        override: 'application/octet-stream',
        // `readBody` counts, since Hapi's own 413 does not reach a client that sends chunks.
        maxBytes: Number.MAX_SAFE_INTEGER,
      },
    },
  });
}
