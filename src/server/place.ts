/**
 * What a request does that has come in without a place of the concurrency limit, since all were taken: it is answered
 * from the map where that can be done at once, and waits for a place before it waits for anything else.
 */
import type { Request } from '@hapi/hapi';
import {
  ABSENT,
  type ImmediateCache,
  type ReadResult,
  type TieredCache,
  UNCERTAIN,
} from '../store/tiered.js';

declare module '@hapi/hapi' {
  interface RequestApplicationState {
    /** Resolves when the request has a place. Absent: it has one, or needs none. */
    awaitPlace?: (() => Promise<void>) | undefined;
  }
}

/** What the routes read and write by. */
export type ServedCache = TieredCache & ImmediateCache;

/** There was no place to be had. Servers turn it into 503. */
export class OverloadedError extends Error {
  override readonly name = 'OverloadedError';

  constructor() {
    super('the concurrency limit and the backlog limit are reached');
  }
}

/** Of this thread, for values that fit: nothing else is done while one is read into it. */
const room = Buffer.allocUnsafeSlow(64 * 1024);

/**
 * Resolves when the request has a place. To be called before it waits for something else; undefined: it need not wait.
 *
 * @throws {OverloadedError} when there was none to be had
 */
export function awaitPlace({ app }: Request): Promise<void> | undefined {
  const { awaitPlace } = app;
  app.awaitPlace = undefined;
  return awaitPlace?.();
}

/** `TieredCache.get`. @throws {OverloadedError} when it has to be waited for, and nobody more may wait */
export function readFor(
  request: Request,
  cache: ServedCache,
  key: string,
): ReadResult | undefined | Promise<ReadResult | undefined> {
  if (request.app.awaitPlace === undefined) return cache.get(key);
  const found = readNow(cache, key);
  return found === UNCERTAIN ? withPlace(request, () => cache.get(key)) : found;
}

/** `TieredCache.set`. @throws {OverloadedError} when it has to be waited for, and nobody more may wait */
export function writeFor(
  request: Request,
  cache: ServedCache,
  key: string,
  value: Uint8Array,
  ttl: number | undefined,
): void | Promise<void> {
  if (request.app.awaitPlace === undefined) return cache.set(key, value, ttl);
  const bytes = Buffer.from(key);
  if (cache.writeFrom(bytes, 0, bytes.length, value, 0, value.length, ttl)) return;
  return withPlace(request, () => cache.set(key, value, ttl));
}

/** The value of a key, as far as it can be told at once: else UNCERTAIN, and nothing was done. */
export function readNow(cache: ImmediateCache, key: string): ReadResult | undefined | typeof UNCERTAIN {
  const bytes = Buffer.from(key);
  let target = room;
  for (;;) {
    const length = cache.readInto(bytes, 0, bytes.length, target, 0);
    if (length === UNCERTAIN) return UNCERTAIN;
    if (length === ABSENT) return undefined;
    if (length <= target.length) {
      const value = target.subarray(0, length);
      return { value: target === room ? Buffer.from(value) : value, source: 'hit' };
    }
    // A long value's own, so that nothing so large is kept.
    target = Buffer.allocUnsafeSlow(length);
  }
}

async function withPlace<T>(request: Request, call: () => T | Promise<T>): Promise<T> {
  await awaitPlace(request);
  return await call();
}
