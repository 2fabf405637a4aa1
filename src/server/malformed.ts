/**
 * Requests that should have been refused by node:http, which lets them through or refuses them in a form of its own: over
 * HTTP/1 but of another version, or without the one `Host` that there must be (RFC 9112, sections 2.3 and 3.2). They get
 * what other malformed requests get: 400, and the end of the connection.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { badRequest } from '@hapi/boom';
import type { Request } from '@hapi/hapi';
import { isHttp2 } from './http2-request.js';
import type { InFlight } from './in-flight.js';
import { lingerAfterAnswer } from './linger.js';

/** What names, addresses and ports are written in. */
const HOST = /^[\w.~!$&'()*+,;=%:[\]-]*$/;

/** Connections on which one has come. */
const spoilt = new WeakSet<Socket>();

/**
 * Whether a request was pipelined behind one whose answer ends the connection. When it has ended, node:http gives it the
 * connection although others before it wait for that, and ends the process by a failed assertion when it is answered. Behind a
 * malformed one none is looked at: who knows where that ends.
 */
export function cannotBeAnswered(request: IncomingMessage): boolean {
  return !isHttp2(request) && (!request.socket.writable || spoilt.has(request.socket));
}

/** @throws {Boom} 400 when the request is malformed */
export function assertWellFormed(request: Request, inFlight: InFlight): void {
  const { req } = request.raw;
  const message = faultOf(req);
  if (message === undefined) return;
  // So that the request is found should its body turn out to be none.
  inFlight.admitUnlimited(request);
  spoilt.add(req.socket);
  lingerAfterAnswer(req.socket);
  req.resume();
  const error = badRequest(message);
  error.output.headers.connection = 'close';
  throw error;
}

/** HTTP/2 has none: nghttp2 has looked at its `:authority`. */
function faultOf(request: IncomingMessage): string | undefined {
  if (isHttp2(request)) return undefined;
  const { httpVersionMajor, httpVersionMinor, headers, rawHeaders } = request;
  if (httpVersionMajor !== 1) return 'the version is HTTP/1.1 or HTTP/1.0';
  if (headers.host === undefined) return httpVersionMinor === 0 ? undefined : 'Host is missing';
  if (!HOST.test(headers.host)) return 'Host is no name of a host';
  return countHosts(rawHeaders) > 1 ? 'there is more than one Host' : undefined;
}

/** @param headers names and values in turn */
function countHosts(headers: readonly string[]): number {
  let hosts = 0;
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  return hosts;
}
