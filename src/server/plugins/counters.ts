/** What the worker's row of counters learns from the Hapi server. */
import type { Request, Server } from '@hapi/hapi';
import type { ProcessState } from '../../telemetry/process-state.js';
import { requestId } from '../request-id.js';

/** What the server needs of a logger; a pino logger is one. */
export interface ServerLogger {
  error(details: object, message: string): void;
}

/** @param worker the worker's row, from 0 */
export function countErrors(hapi: Server, state: ProcessState, worker: number): void {
  hapi.events.on('response', (request) => {
    if (statusOf(request) >= 500) state.count(worker, 'errors');
  });
}

/** Writes down what Hapi answers with 500 and hides from the client. */
export function logFailures(hapi: Server, logger: ServerLogger): void {
  hapi.events.on({ name: 'request', channels: 'error' }, (request, event) => {
    const { method, route } = request;
    logger.error({ err: event.error, id: requestId(request), method, route: route.path }, 'a request failed');
  });
}

/** Of a request that was left without an answer: 0. Hapi's types know no such response. */
export function statusOf({ response }: { readonly response: Request['response'] | symbol }): number {
  if (typeof response === 'symbol') return 0;
  return 'isBoom' in response ? response.output.statusCode : response.statusCode;
}
