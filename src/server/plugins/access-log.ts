/**
 * The access log: a line for each request that Hapi has answered, while somebody wants it. It says what was asked of the
 * server, by route, and how that went. It never says a value, a token or a query, and a key only at the level `trace`.
 */
import type { Request, Server } from '@hapi/hapi';
import { requestId } from '../request-id.js';
import { rawPath } from '../target.js';
import { statusOf } from './counters.js';

/** What the access log needs of a logger; a pino logger is one. */
export interface RequestLogger {
  debug(details: object, message: string): void;
  isLevelEnabled(level: 'trace'): boolean;
}

export class AccessLog {
  readonly #hapi: Server;
  #logger: RequestLogger | undefined;

  constructor(hapi: Server) {
    this.#hapi = hapi;
  }

  /** Has requests logged from now on, or, without a logger, no more: then they cost nothing. */
  use(logger: RequestLogger | undefined): void {
    if (this.#logger === undefined && logger !== undefined) this.#hapi.events.on('response', this.#write);
    if (logger === undefined) this.#hapi.events.removeListener('response', this.#write);
    this.#logger = logger;
  }

  readonly #write = (request: Request): void => {
    const logger = this.#logger;
    if (logger === undefined) return;
    const { info, raw } = request;
    logger.debug(
      {
        id: requestId(request),
        client: info.remoteAddress,
        method: request.method.toUpperCase(),
        route: isKnown(request) ? request.route.path : null,
        ...(logger.isLevelEnabled('trace') ? { path: printable(rawPath(raw.req.url ?? '')) } : {}),
        status: statusOf(request),
        bytes: request.method === 'head' ? 0 : Number(raw.res.getHeader('content-length') ?? 0),
        ms: Date.now() - info.received,
      },
      'request',
    );
  };
}

/** Whether its path has a route. Hapi answers others by routes that are in no table. */
function isKnown({ route }: Request): boolean {
  const method: string = route.method;
  return method !== '_special';
}

/** Bytes from 0x80 on stand for control characters to some terminals, and JSON leaves them as they are. */
function printable(path: string): string {
  return path.replace(/[^\x21-\x7e]/g, (character) => encodeURIComponent(character));
}
