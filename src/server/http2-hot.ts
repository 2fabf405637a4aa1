/**
 * The short cut of HTTP/2: `GET /get/K`, asked plainly, is answered on its stream, without Node's imitation of HTTP/1.1
 * and without Hapi, which take most of the time. What is not certain to be that is left to them, and the answers
 * are theirs to the letter.
 */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ConcurrencyLimit } from '../limits/concurrency.js';
import type { Tokens } from '../limits/tokens.js';
import { type ReadResult, UNCERTAIN } from '../store/tiered.js';
import type { ProcessState } from '../telemetry/process-state.js';
import { seriesOf } from '../telemetry/requests.js';
import type { ClientBuckets } from './client-buckets.js';
import { TEXT } from './openapi-answers.js';
import { readNow, type ServedCache } from './place.js';
import { ABSENT } from './routes/value.js';
import { MAX_KEY_BYTES } from './schemas.js';

/** Paths in which a key stands as it is. Keys of dots alone could be taken for steps in a folder. */
const PLAIN_PATH = new RegExp(`^(?:/v1)?/get/(?!\\.{1,2}$)([\\w.:~-]{1,${MAX_KEY_BYTES}})$`);

const FOUND = seriesOf('http2', 'get', '2xx');
const NOT_FOUND = seriesOf('http2', 'get', '4xx');
const NOT_AWAITED = seriesOf('http2', 'get', 'none');

/** Answers a request at once, or later by itself. False: it is none of these, and nothing has been done. */
export type HotReads = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  refer: () => void,
) => boolean;

export interface HotReadsOptions {
  readonly cache: ServedCache;
  readonly state: ProcessState;
  readonly limit: ConcurrencyLimit;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  readonly tokens: Tokens | undefined;
  /** Of the rate limit; undefined: there is none. */
  readonly buckets: ClientBuckets | undefined;
}

/** The last argument of what it returns is called for a request that, as it turns out, is to be answered by Hapi. */
export function hotReads(options: HotReadsOptions): HotReads {
  const { cache, state, limit, worker, tokens, buckets } = options;
  return (stream, headers, refer) => {
    const key = hotKey(stream, headers);
    if (key === undefined || !mayRead(tokens, headers)) return false;
    let holdsPlace = limit.tryAcquire();
    if (!holdsPlace && limit.isSpent) return false;
    const bucket = buckets?.ofStream(stream);
    if (bucket?.take() === false) {
      if (holdsPlace) limit.release();
      return false;
    }
    const began = performance.now();
    const release = (): void => {
      if (holdsPlace) limit.release();
      holdsPlace = false;
    };
    const answer = (found: ReadResult | undefined): void => {
      const isAwaited = !stream.closed;
      if (isAwaited) respond(stream, found);
      state.count(worker, 'requests');
      state.requests.served(worker, isAwaited ? (found === undefined ? NOT_FOUND : FOUND) : NOT_AWAITED);
      state.requests.took(worker, 'http2', 1, performance.now() - began);
    };
    if (!holdsPlace) {
      const found = readNow(cache, key);
      if (found === UNCERTAIN) bucket?.giveBack();
      else answer(found);
      return found !== UNCERTAIN;
    }
    stream.once('close', release);
    // Hapi asks everybody again, and has an answer to every error.
    const giveBack = (): void => {
      release();
      bucket?.giveBack();
      if (!stream.closed) refer();
    };
    try {
      const found = cache.get(key);
      if (found instanceof Promise) found.then(answer, giveBack);
      else answer(found);
    } catch {
      giveBack();
    }
    return true;
  };
}

function hotKey(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): string | undefined {
  if (headers[':method'] !== 'GET' || !stream.endAfterHeaders) return undefined;
  if (headers.expect !== undefined) return undefined;
  return PLAIN_PATH.exec(headers[':path'] ?? '')?.[1];
}

function mayRead(tokens: Tokens | undefined, { authorization }: IncomingHttpHeaders): boolean {
  return tokens?.required !== true || tokens.checkHeader(authorization) !== undefined;
}

function respond(stream: ServerHttp2Stream, found: ReadResult | undefined): void {
  const body = found?.value ?? Buffer.from(ABSENT);
  const headers: OutgoingHttpHeaders = { ':status': found === undefined ? 404 : 200, 'content-type': TEXT };
  if (found !== undefined) headers['x-cache'] = found.source;
  headers['x-content-type-options'] = 'nosniff';
  headers['cache-control'] = 'no-cache';
  headers['content-length'] = body.byteLength;
  stream.respond(headers);
  stream.end(body);
}
