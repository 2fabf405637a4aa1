/**
 * Errors of the layers below as answers: what a handler throws becomes a Boom here, and the body that came with
 * the request is out of the way before the answer goes.
 */
import { type Boom, Boom as BoomError, conflict, entityTooLarge, serverUnavailable } from '@hapi/boom';
import type { Lifecycle, Request, ResponseToolkit } from '@hapi/hapi';
import { StoreUnavailableError, ValueTooLargeError, WrongTypeError } from '../store/tiered.js';
import { announcesBody, discardBody } from './body.js';
import { OverloadedError } from './place.js';

/** Seconds after which a client that found all places and the backlog taken should try again. */
export const OVERLOAD_RETRY_AFTER = 1;

/** A route's handler; Hapi's, narrowed to what hotshard's handlers give. */
export type Handler = (
  request: Request,
  h: ResponseToolkit,
) => Lifecycle.ReturnValueTypes | Promise<Lifecycle.ReturnValueTypes>;

/** 503 that says when to come back, in seconds. */
export function unavailable(message: string, retryAfter: number): Boom {
  const error = serverUnavailable(message);
  error.output.headers['retry-after'] = String(Math.ceil(retryAfter));
  return error;
}

/** What a client is told that found no place and may not wait for one. */
export function overloaded({ message } = new OverloadedError()): Boom {
  return unavailable(message, OVERLOAD_RETRY_AFTER);
}

/** The handler, with its errors as Boom. An answer that comes without waiting costs no promise. */
export function answering(handler: Handler): Handler {
  return (request, h) => {
    try {
      const answer = handler(request, h);
      return answer instanceof Promise ? answer.catch((error: unknown) => fail(request, error)) : answer;
    } catch (error) {
      return fail(request, error);
    }
  };
}

/** The handler of a method whose body means nothing: it is dropped first, so that the connection can be kept. */
export function withoutBody(handler: Handler): Handler {
  return (request, h) =>
    announcesBody(request.raw.req)
      ? discardBody(request).then(() => handler(request, h))
      : handler(request, h);
}

async function fail(request: Request, error: unknown): Promise<never> {
  await discardBody(request);
  throw asAnswer(error);
}

/** What Hapi does not know it answers with 500 and nothing else, which is right for what is not known here. */
function asAnswer(error: unknown): unknown {
  if (error instanceof BoomError) return error;
  if (error instanceof OverloadedError) return overloaded(error);
  if (error instanceof StoreUnavailableError) return unavailable(error.message, error.retryAfter);
  if (error instanceof ValueTooLargeError) return entityTooLarge(error.message);
  if (error instanceof WrongTypeError) return conflict(error.message);
  return error;
}
