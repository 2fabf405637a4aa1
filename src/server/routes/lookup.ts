/** `/lookup`: a value as JSON, where every answer, refusals too, has the same three members. */
import type { Lifecycle, Request, ResponseObject, ResponseToolkit } from '@hapi/hapi';
import {
  type ReadResult,
  StoreUnavailableError,
  type TieredCache,
  WrongTypeError,
} from '../../store/tiered.js';
import { repeatableQueryKey } from '../schemas.js';
import { type Endpoint, pathsOf } from './table.js';

const LOOKUP_PATH = '/lookup';

/** Where every answer has this form. */
export const LOOKUP_PATHS: ReadonlySet<string> = new Set(pathsOf(LOOKUP_PATH));

export function lookupEndpoints(cache: TieredCache): Endpoint[] {
  const lookup = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    const key = repeatableQueryKey(request);
    if (key === null || !key.isKey) return answer(h, 400, key?.text ?? null);
    try {
      return foundAnswer(h, key.text, await cache.get(key.text));
    } catch (error) {
      if (error instanceof StoreUnavailableError) return lookupUnavailable(request, h, error.retryAfter);
      if (error instanceof WrongTypeError) return answer(h, 409, key.text);
      throw error;
    }
  };
  return [{ path: LOOKUP_PATH, methods: { GET: lookup } }];
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
