/** Values by key: the routes that store, read and delete. */
import { notFound } from '@hapi/boom';
import type { Lifecycle, Request, ResponseObject, ResponseToolkit } from '@hapi/hapi';
import { z } from 'zod';
import type { ReadResult } from '../../store/tiered.js';
import { readBody } from '../body.js';
import type { Handler } from '../errors.js';
import { bytesSchema, failure, NO_STRING, TEXT, textAnswer, VALUE_FOUND } from '../openapi-answers.js';
import { awaitPlace, readFor, type ServedCache, writeFor } from '../place.js';
import { assertMayWrite } from '../plugins/access.js';
import { pathKey, queryTtl, ttlSecondsSchema } from '../schemas.js';
import type { Endpoint, Operation } from './table.js';

export const ABSENT = 'No value found for key';

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
export function valueEndpoints(cache: ServedCache, maxValueSize: number): Endpoint[] {
  const read: Handler = (request, h) => {
    const found = readFor(request, cache, pathKey(request));
    if (found instanceof Promise) return found.then((result) => valueAnswer(h, result, ABSENT));
    return valueAnswer(h, found, ABSENT);
  };

  const store = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    assertMayWrite(request);
    const key = pathKey(request);
    const ttl = queryTtl(request);
    const value = await readBody(request, maxValueSize);
    await writeFor(request, cache, key, value, ttl);
    return h.response();
  };

  const remove = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    assertMayWrite(request);
    const key = pathKey(request);
    await awaitPlace(request);
    if (await cache.delete(key)) return h.response().code(204);
    throw notFound(ABSENT);
  };

  const storing: Omit<Operation, 'id'> = {
    handler: store,
    summary: 'Stores the body as the value of a key',
    writes: true,
    query: { ttl: { schema: ttlSecondsSchema, isRequired: false } },
    body: {
      description: `The value: 0 to ${maxValueSize} bytes, whatever their media type.`,
      type: '*/*',
      schema: bytesSchema,
    },
    answers: {
      200: { description: 'It is stored; a backing store has taken it.' },
      413: failure(`The value has more than ${maxValueSize} bytes.`),
    },
  };

  return [
    {
      path: '/get/{key}',
      limits: 'common',
      needsToken: true,
      methods: {
        GET: {
          handler: read,
          id: 'getValue',
          summary: 'The value of a key',
          answers: {
            200: VALUE_FOUND,
            404: textAnswer('The key has no value.', z.literal(ABSENT)),
            409: NO_STRING,
          },
        },
      },
    },
    {
      path: '/store/{key}',
      limits: 'common',
      needsToken: true,
      methods: {
        POST: { ...storing, id: 'storeValue' },
        PUT: { ...storing, id: 'putValue' },
        DELETE: {
          handler: remove,
          id: 'deleteValue',
          summary: 'Removes a key and its value',
          writes: true,
          answers: { 204: { description: 'It was there.' }, 404: failure('The key has no value.') },
        },
      },
    },
  ];
}

/** Hapi sends a Buffer as it is, and any other typed array as JSON. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
