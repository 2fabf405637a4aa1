/**
 * Answers to what is no HTTP: Node's parser gave up, or the time for a request ran out. Hapi's own answer has
 * neither body nor `connection: close`, and closes so fast that the client may not get to read it.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import type { Request } from '@hapi/hapi';
import type { InFlight } from './in-flight.js';
import { lingeringClose } from './linger.js';
import { cannotBeAnswered } from './malformed.js';

/** Status by the code of the parser's or the timer's error; others are 400. */
const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

export const JSON_TYPE = 'application/json; charset=utf-8';

/** What Hapi says with every error. */
const ERROR_HEADERS = {
  'content-type': JSON_TYPE,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
} as const;

/** What `Allow` says where no path is named. */
export const ALL_METHODS = 'GET, HEAD, POST, PUT, DELETE';

export function answerClientErrors(listener: Server, inFlight: InFlight): void {
  const ending = new WeakSet<Socket>();
  listener.removeAllListeners('clientError');
  listener.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    // What still comes is read, and is an error each time, until the lingering close is over.
    if (ending.has(socket)) return;
    ending.add(socket);
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const requests = inFlight.on(socket);
    const broken = requests.find(({ raw }) => !raw.req.complete);
    const before = requests.filter((request) => request !== broken).at(-1);
    afterAnswer(before, () => end(socket, broken, STATUS_OF[error.code ?? ''] ?? 400));
  });
}

/** Requests that came before the broken one on its connection keep their answers. */
function afterAnswer(request: Request | undefined, proceed: () => void): void {
  if (request === undefined) proceed();
  else request.raw.res.once('close', proceed);
}

function end(socket: Socket, broken: Request | undefined, status: number): void {
  const answered = broken?.raw.res.headersSent ?? false;
  if (socket.writable && !answered) socket.write(rawAnswer(status));
  lingeringClose(socket);
}

/** Answers what has come with an expectation other than `100-continue`. Node's own answer has no body. */
export function refuseExpectation(request: IncomingMessage, response: ServerResponse): void {
  if (!cannotBeAnswered(request)) answerError(response, 417);
}

/** Answers a request that does not get to Hapi as Hapi would. */
export function answerError(
  response: Pick<ServerResponse | Http2ServerResponse, 'statusCode' | 'setHeader' | 'end'>,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = errorBody(status);
  response.statusCode = status;
  for (const [name, value] of Object.entries({ ...headers, ...ERROR_HEADERS }))
    response.setHeader(name, value);
  response.setHeader('content-length', Buffer.byteLength(body));
  response.end(body);
}

/**
 * An answer as it goes over the wire, in the form of Hapi's errors. The connection ends with it.
 *
 * @param message absent: the status in words
 */
export function rawAnswer(status: number, headers = '', message?: string): string {
  const body = errorBody(status, message);
  const common = Object.entries(ERROR_HEADERS).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${headers}${common.join('')}` +
    `content-length: ${Buffer.byteLength(body)}\r\nDate: ${new Date().toUTCString()}\r\nconnection: close\r\n\r\n${body}`
  );
}

/** The body of an error as Hapi writes it. */
function errorBody(status: number, message?: string): string {
  const error = STATUS_CODES[status] ?? '';
  return JSON.stringify({ statusCode: status, error, message: message ?? error });
}
