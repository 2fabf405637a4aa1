/**
 * The route table: every path once, and by construction with it the same path under `/v1`, the path with an
 * empty key, and 405 with `Allow` for the methods it does not know.
 */
import { methodNotAllowed } from '@hapi/boom';
import type { ServerRoute } from '@hapi/hapi';
import { answering, type Handler, withoutBody } from '../errors.js';

/** `HEAD` comes with `GET`. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface Endpoint {
  /** `/` or `/name` or `/name/{key}`. */
  readonly path: string;
  readonly methods: Partial<Readonly<Record<Method, Handler>>>;
}

/** All paths at which a path is served. */
export function pathsOf(path: string): string[] {
  return path === '/' ? ['/', '/v1', '/v1/'] : [path, `/v1${path}`];
}

/** Hapi's routes for the endpoints. */
export function routeTable(endpoints: readonly Endpoint[]): ServerRoute[] {
  return endpoints.flatMap(({ path, methods }) =>
    withEmptyKey(path)
      .flatMap(pathsOf)
      .flatMap((served) => routesOf(served, methods)),
  );
}

/** Hapi's `{key}` does not match nothing; the handler answers that with 400 like any other key that is none. */
function withEmptyKey(path: string): string[] {
  return path.endsWith('/{key}') ? [path, path.slice(0, -'{key}'.length)] : [path];
}

function routesOf(path: string, methods: Endpoint['methods']): ServerRoute[] {
  const routes: ServerRoute[] = Object.entries(methods).map(([method, handler]) => ({
    method: method as Method,
    path,
    handler: answering(method === 'GET' || method === 'DELETE' ? withoutBody(handler) : handler),
  }));
  const allowed = Object.keys(methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const refuse: Handler = (request) => {
    throw methodNotAllowed(`${request.method.toUpperCase()} is not allowed here`, undefined, allowed);
  };
  return [...routes, { method: '*', path, handler: answering(refuse) }];
}
