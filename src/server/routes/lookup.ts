/** `/lookup`: a value as JSON, where every answer, refusals too, has the same three members. */
import type { Lifecycle, Request, ResponseObject, ResponseToolkit } from '@hapi/hapi';
import { z } from 'zod';
import { type ReadResult, StoreUnavailableError, WrongTypeError } from '../../store/tiered.js';
import { OVERLOAD_RETRY_AFTER } from '../errors.js';
import { jsonAnswer } from '../openapi-answers.js';
import { OverloadedError, readFor, type ServedCache } from '../place.js';
import { keySchema, repeatableQueryKey } from '../schemas.js';
import { type Endpoint, pathsOf } from './table.js';

const LOOKUP_PATH = '/lookup';

/** Where every answer has this form. */
export const LOOKUP_PATHS: ReadonlySet<string> = new Set(pathsOf(LOOKUP_PATH));

const lookupSchema = z
  .strictObject({
    key: z.string().nullable().meta({ description: 'The key that was asked for, if it is text.' }),
    value: z.string().nullable().meta({ description: 'Bytes that are not UTF-8 are shown as U+FFFD.' }),
    status: z.int().meta({ description: 'The status of the answer.' }),
  })
  .meta({ title: 'Lookup' });

export function lookupEndpoints(cache: ServedCache): Endpoint[] {
  const lookup = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    const key = repeatableQueryKey(request);
    if (key === null || !key.isKey) return answer(h, 400, key?.text ?? null);
    try {
      return foundAnswer(h, key.text, await readFor(request, cache, key.text));
    } catch (error) {
      if (error instanceof OverloadedError) return lookupOverloaded(request, h);
      if (error instanceof StoreUnavailableError) return lookupUnavailable(request, h, error.retryAfter);
      if (error instanceof WrongTypeError) return answer(h, 409, key.text);
      throw error;
    }
  };
  return [
    {
      path: LOOKUP_PATH,
      limits: 'own',
      needsToken: true,
      methods: {
        GET: {
          handler: lookup,
          id: 'lookUpValue',
          summary: 'The value of a key as JSON, or why there is none',
          query: { key: { schema: keySchema, isRequired: true } },
          answers: {
            200: { ...jsonAnswer('The value.', lookupSchema), headers: { 'x-cache': 'always' } },
            400: jsonAnswer('No key was given, or what was given is none.', lookupSchema),
            404: jsonAnswer('The key has no value.', lookupSchema),
            409: jsonAnswer('What the backing store has under the key is no string.', lookupSchema),
            503: {
              ...jsonAnswer(
                'A limit is reached, or the backing store is needed and out of reach.',
                lookupSchema,
              ),
              headers: { 'retry-after': 'always' },
            },
          },
        },
      },
    },
  ];
}

/**
 * The 503 of `/lookup`.
 *
 * @param retryAfter seconds after which it is worth trying again
 */
export function lookupUnavailable(request: Request, h: ResponseToolkit, retryAfter: number): ResponseObject {
  const key = repeatableQueryKey(request)?.text ?? null;
  return answer(h, 503, key).header('retry-after', String(Math.ceil(retryAfter)));
}

/** The 503 of `/lookup` for a client that found no place and may not wait for one. */
export function lookupOverloaded(request: Request, h: ResponseToolkit): ResponseObject {
  return lookupUnavailable(request, h, OVERLOAD_RETRY_AFTER);
}

function foundAnswer(h: ResponseToolkit, key: string, found: ReadResult | undefined): ResponseObject {
  if (found === undefined) return answer(h, 404, key);
  const { value, source } = found;
  // Buffer's decoder puts U+FFFD where bytes are not UTF-8 and, unlike TextDecoder, keeps a byte order mark.
  const text = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  return answer(h, 200, key, text).header('x-cache', source);
}

function answer(
  h: ResponseToolkit,
  status: number,
  key: string | null,
  value: string | null = null,
): ResponseObject {
  return h.response({ key, value, status }).code(status);
}
