/** What the worker's row of counters learns from the Hapi server. */
import type { Request, Server } from '@hapi/hapi';
import { httpOperation, httpStatus } from '../../telemetry/http-requests.js';
import type { ProcessState } from '../../telemetry/process-state.js';
import { seriesOf } from '../../telemetry/requests.js';
import { isHttp2 } from '../http2-request.js';
import { requestId } from '../request-id.js';

declare module '@hapi/hapi' {
  interface RequestApplicationState {
    /** When the request came in, by the clock of `performance.now()`. Absent: it is not counted. */
    receivedAt?: number;
  }
}

/** What the server needs of a logger; a pino logger is one. */
export interface ServerLogger {
  error(details: object, message: string): void;
}

/**
 * Counts requests and what became of them.
 *
 * @param worker the worker's row, from 0
 * @returns what is to be called with every request that comes in
 */
export function countRequests(hapi: Server, state: ProcessState, worker: number): (request: Request) => void {
  hapi.events.on('response', (request) => {
    const status = statusOf(request);
    if (status >= 500) state.count(worker, 'errors');
    const { receivedAt } = request.app;
    if (receivedAt !== undefined) countAnswer(request, status, performance.now() - receivedAt);
  });
  const countAnswer = ({ raw: { req } }: Request, status: number, milliseconds: number): void => {
    const protocol = isHttp2(req) ? 'http2' : 'http1';
    const operation = httpOperation(req.method ?? '', req.url ?? '');
    state.requests.served(worker, seriesOf(protocol, operation, httpStatus(status)));
    state.requests.took(worker, protocol, 1, milliseconds);
  };
  return (request) => {
    state.count(worker, 'requests');
    request.app.receivedAt = performance.now();
  };
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
