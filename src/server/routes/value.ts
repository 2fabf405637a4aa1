/** Values by key: the routes that store, read and delete. */
import { notFound } from '@hapi/boom';
import type { Lifecycle, Request, ResponseObject, ResponseToolkit } from '@hapi/hapi';
import type { ReadResult, TieredCache } from '../../store/tiered.js';
import { readBody } from '../body.js';
import type { Handler } from '../errors.js';
import { assertMayWrite } from '../plugins/access.js';
import { pathKey, queryTtl } from '../schemas.js';
import type { Endpoint } from './table.js';

export const ABSENT = 'No value found for key';

export const TEXT = 'text/plain; charset=utf-8';

/** A value as an answer; text saying `absent` with 404 when there is none. */
export function valueAnswer(
  h: ResponseToolkit,
  found: ReadResult | undefined,
  absent: string,
): ResponseObject {
  if (found === undefined) return h.response(absent).code(404).type(TEXT);
  return h.response(asBuffer(found.value)).type(TEXT).header('x-cache', found.source);
}

/** @param maxValueSize largest value in bytes */
export function valueEndpoints(cache: TieredCache, maxValueSize: number): Endpoint[] {
  const read: Handler = (request, h) => {
    const found = cache.get(pathKey(request));
    if (found instanceof Promise) return found.then((result) => valueAnswer(h, result, ABSENT));
    return valueAnswer(h, found, ABSENT);
  };

  const store = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    assertMayWrite(request);
    const key = pathKey(request);
    const ttl = queryTtl(request);
    const value = await readBody(request, maxValueSize);
    await cache.set(key, value, ttl);
    return h.response();
  };

  const remove = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    assertMayWrite(request);
    const key = pathKey(request);
    if (await cache.delete(key)) return h.response().code(204);
    throw notFound(ABSENT);
  };

  return [
    { path: '/get/{key}', methods: { GET: read } },
    { path: '/store/{key}', methods: { POST: store, PUT: store, DELETE: remove } },
  ];
}

/** Hapi sends a Buffer as it is, and any other typed array as JSON. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
