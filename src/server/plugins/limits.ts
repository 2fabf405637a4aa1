/**
 * The concurrency limit at Hapi's door: each request has a place from its headers to the end of its answer. It
 * waits for one when there is none, and is turned away when too many wait.
 */
import type { Lifecycle, Request, ResponseToolkit, Server } from '@hapi/hapi';
import { closeAfterAnswer } from '../body.js';
import { type Handler, OVERLOAD_RETRY_AFTER, unavailable } from '../errors.js';
import type { InFlight } from '../in-flight.js';
import { UNLIMITED_PATHS } from '../routes/health.js';
import { LOOKUP_PATHS, lookupUnavailable } from '../routes/lookup.js';

/**
 * The step that lets a request in, makes it wait, or turns it away; the place is freed when it has ended.
 *
 * @param onRefused called for each that is turned away
 */
export function limitConcurrency(hapi: Server, inFlight: InFlight, onRefused: () => void): Handler {
  // Hapi says this once per request, on every way out: answered, failed, aborted.
  hapi.events.on('response', (request) => inFlight.leave(request));
  return (request, h) => {
    if (UNLIMITED_PATHS.has(request.path)) {
      inFlight.admitUnlimited(request);
      return h.continue;
    }
    const admitted = inFlight.admit(request);
    return admitted === true
      ? h.continue
      : admitted.then((acquired) => {
          if (acquired) return h.continue;
          onRefused();
          return refuse(request, h);
        });
  };
}

function refuse(request: Request, h: ResponseToolkit): Lifecycle.ReturnValueTypes {
  closeAfterAnswer(request);
  if (LOOKUP_PATHS.has(request.path)) return lookupUnavailable(request, h, OVERLOAD_RETRY_AFTER).takeover();
  throw unavailable('the concurrency limit and the backlog limit are reached', OVERLOAD_RETRY_AFTER);
}
