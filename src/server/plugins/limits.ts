/**
 * The concurrency limit at Hapi's door. A request has a place from its headers to the end of its answer if there is one.
 * Without one it is let in as long as it has to wait for nothing, neither here for the rest of its body nor, see
 * `place.ts`, in its route; then it waits for a place first, and is turned away when too many wait.
 */
import type { Lifecycle, Request, ResponseToolkit, Server } from '@hapi/hapi';
import { closeAfterAnswer, isBodyComplete } from '../body.js';
import { type Handler, overloaded } from '../errors.js';
import type { InFlight } from '../in-flight.js';
import { OverloadedError } from '../place.js';
import { UNLIMITED_PATHS } from '../routes/health.js';
import { LOOKUP_PATHS, lookupOverloaded } from '../routes/lookup.js';

/**
 * The step that lets a request in, makes it wait, or turns it away; the place is freed when it has ended.
 *
 * @param onRefused called for each that is turned away
 */
export function limitConcurrency(hapi: Server, inFlight: InFlight, onRefused: () => void): Handler {
  // Hapi says this once per request, on every way out: answered, failed, aborted.
  hapi.events.on('response', (request) => inFlight.leave(request));
  const waitFor = async (request: Request): Promise<void> => {
    if (await inFlight.wait(request)) return;
    onRefused();
    throw new OverloadedError();
  };
  const awaitBody = async (request: Request, h: ResponseToolkit): Promise<Lifecycle.ReturnValueTypes> => {
    // What has come with the headers is known in the next turn of the event loop.
    await new Promise(setImmediate);
    if (isBodyComplete(request)) request.app.awaitPlace = () => waitFor(request);
    else if (!(await inFlight.wait(request))) {
      onRefused();
      return refuse(request, h);
    }
    return h.continue;
  };
  return (request, h) => {
    if (UNLIMITED_PATHS.has(request.path)) {
      inFlight.admitUnlimited(request);
      return h.continue;
    }
    const admitted = inFlight.admit(request);
    if (admitted === true) return h.continue;
    if (admitted === 'too many') {
      onRefused();
      return refuse(request, h);
    }
    if (!isBodyComplete(request)) return awaitBody(request, h);
    request.app.awaitPlace = () => waitFor(request);
    return h.continue;
  };
}

function refuse(request: Request, h: ResponseToolkit): Lifecycle.ReturnValueTypes {
  closeAfterAnswer(request);
  if (LOOKUP_PATHS.has(request.path)) return lookupOverloaded(request, h).takeover();
  throw overloaded();
}
