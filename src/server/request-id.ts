/** What requests are called in the log, so that lines about one can be found there and in the logs of its client. */
import { randomUUID } from 'node:crypto';
import type { Request } from '@hapi/hapi';

/** What an id that a client gives its request may look like. */
const SANE_ID = /^[\w.-]{1,64}$/;

const ids = new WeakMap<Request, string>();

/** The id of a request: its client's `x-request-id`, if that will do. */
export function requestId(request: Request): string {
  const known = ids.get(request);
  if (known !== undefined) return known;
  const given = request.headers['x-request-id'];
  const id = typeof given === 'string' && SANE_ID.test(given) ? given : randomUUID();
  ids.set(request, id);
  return id;
}
