/**
 * The route table: every path once, and by construction with it the same path under `/v1`, the path with an
 * empty key, and 405 with `Allow` for the methods it does not know. What the OpenAPI document says of a path stands
 * beside its handlers.
 */
import { methodNotAllowed } from '@hapi/boom';
import type { ServerRoute } from '@hapi/hapi';
import type { z } from 'zod';
import { answering, type Handler, withoutBody } from '../errors.js';
import type { Answers, QueryParameter } from '../openapi-answers.js';

/** `HEAD` comes with `GET`. */
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What one method of a path does, and what there is to know about it. */
export interface Operation {
  readonly handler: Handler;
  /** Its name in programs that are generated from the document: unique, camel case. */
  readonly id: string;
  /** A line. */
  readonly summary: string;
  /** Whether a token that allows reading alone is refused: 403. */
  readonly writes?: true;
  readonly query?: Readonly<Record<string, QueryParameter>>;
  readonly body?: { readonly description: string; readonly type: string; readonly schema: z.ZodType };
  /** All but those that the path's `limits` and `needsToken` bring, and those that any request may get. */
  readonly answers: Answers;
}

export interface Endpoint {
  /** `/` or `/name` or `/name/{key}`. */
  readonly path: string;
  /** How the limits turn requests away: as usual, in a form of the path's own that its answers name, or not at all. */
  readonly limits: 'common' | 'own' | 'none';
  /** Whether it asks for a token where the server has one. */
  readonly needsToken: boolean;
  readonly methods: Readonly<Partial<Record<Method, Operation>>>;
}

/** The prefix under which every path is served too. */
export const VERSION_PREFIX = '/v1';

/** All paths at which a path is served. */
export function pathsOf(path: string): string[] {
  return path === '/' ? ['/', VERSION_PREFIX, `${VERSION_PREFIX}/`] : [path, `${VERSION_PREFIX}${path}`];
}

/** Hapi's routes for the endpoints. */
export function routeTable(endpoints: readonly Endpoint[]): ServerRoute[] {
  return endpoints.flatMap(({ path, methods }) =>
    withEmptyKey(path)
      .flatMap(pathsOf)
      .flatMap((served) => routesOf(served, methods)),
  );
}

/** The methods and their operations, in the order they were declared. */
export function operationsOf(methods: Endpoint['methods']): [Method, Operation][] {
  return Object.entries(methods) as [Method, Operation][];
}

/** Hapi's `{key}` does not match nothing; the handler answers that with 400 like any other key that is none. */
function withEmptyKey(path: string): string[] {
  return path.endsWith('/{key}') ? [path, path.slice(0, -'{key}'.length)] : [path];
}

function routesOf(path: string, methods: Endpoint['methods']): ServerRoute[] {
  const operations = operationsOf(methods);
  const routes: ServerRoute[] = operations.map(([method, { handler }]) => ({
    method,
    path,
    handler: answering(method === 'GET' || method === 'DELETE' ? withoutBody(handler) : handler),
  }));
  const allowed = operations.flatMap(([method]) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  const refuse: Handler = (request) => {
    throw methodNotAllowed(`${request.method.toUpperCase()} is not allowed here`, undefined, allowed);
  };
  return [...routes, { method: '*', path, handler: answering(refuse) }];
}
