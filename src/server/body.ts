/**
 * Request bodies: read to the last byte or not used at all, and got rid of so that the client can read the
 * answer. Hapi itself would reset the connection on a chunked body that grows too large.
 */
import type { IncomingMessage } from 'node:http';
import { constants, type Http2ServerRequest } from 'node:http2';
import { badRequest, entityTooLarge } from '@hapi/boom';
import type { Request } from '@hapi/hapi';
import { isHttp2 } from './http2-request.js';
import { lingerAfterAnswer } from './linger.js';

/**
 * How long an answer waits for the end of a body nobody wants, so that the connection can be kept: in silence, and
 * in all, in milliseconds.
 */
const DISCARD_SILENCE = 1_000;
const DISCARD_LIMIT = 5_000;

/**
 * The body of a request, complete and as it was sent. What is left of one too large is the caller's to discard.
 *
 * @param limit bytes it may have
 * @param what it is, for the error
 * @throws {Boom} 413 when it has more, 400 when the client broke off
 */
export async function readBody(request: Request, limit: number, what = 'a value'): Promise<Buffer> {
  const { req } = request.raw;
  if (announcedLength(req) <= limit) {
    const body = await collect(req, limit);
    if (body !== undefined) return body;
  }
  throw entityTooLarge(`${what} has at most ${limit} bytes`);
}

/**
 * Waits for the end of a body and drops it. When the end is long in coming, the connection will be closed after
 * the answer instead.
 */
export async function discardBody(request: Request): Promise<void> {
  const { req } = request.raw;
  if (!carriesBody(req) || req.complete || req.destroyed) return;
  if (!isWithheld(request) && (await endsSoon(req))) return;
  closeAfterAnswer(request);
}

/**
 * Whether a request says that it has a body, be it an empty one. Until such a body has ended Hapi closes the
 * connection after its answer.
 */
export function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/**
 * For an answer that can't wait for the body: what comes of it is dropped. Hapi and Node close the connection after
 * the answer when the body has not ended by then, and the client gets to read it.
 */
export function closeAfterAnswer(request: Request): void {
  const { req } = request.raw;
  if (!carriesBody(req) || isHttp2(req)) return;
  lingerAfterAnswer(req.socket);
  req.resume();
}

/** Whether nothing of a request is still to come, as far as its connection has been read. */
export function isBodyComplete({ raw: { req } }: Request): boolean {
  if (!isHttp2(req)) return !announcesBody(req) || req.complete;
  // Hapi's types know HTTP/1.1 alone.
  const { stream } = req as unknown as Http2ServerRequest;
  return stream.endAfterHeaders || stream.state.state === constants.NGHTTP2_STREAM_STATE_HALF_CLOSED_REMOTE;
}

/** Gets rid of the body of a request that is refused before anybody wanted it. */
export async function refuseBody(request: Request): Promise<void> {
  // Who waits to be told to go on keeps it.
  if (request.headers.expect === undefined) await discardBody(request);
  else closeAfterAnswer(request);
}

/** Whether a body is still to come, or may be. */
export function hasBody({ raw }: Request): boolean {
  return carriesBody(raw.req) && !raw.req.complete;
}

/**
 * Lets a client keep a body that it announced with `Expect: 100-continue` and that is too large, instead of
 * asking for it. To be called before Hapi reads the payload.
 *
 * @param limit bytes it may have
 */
export function withholdContinue(request: Request, limit: number): void {
  if (announcedLength(request.raw.req) <= limit) return;
  // A payload that is there already is none that Hapi would send 100 for.
  const mutable: { payload: unknown } = request;
  mutable.payload = null;
}

function isWithheld(request: Request): boolean {
  return request.payload === null;
}

/** HTTP/2 needs no header to have a body. */
function carriesBody(req: IncomingMessage): boolean {
  return announcesBody(req) || isHttp2(req);
}

function announcedLength(req: IncomingMessage): number {
  return Number(req.headers['content-length'] ?? 0);
}

/** The body; `undefined` as soon as it has more bytes than the limit. */
function collect(req: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    if (req.destroyed && !req.readableEnded) {
      reject(brokenOff());
      return;
    }
    const chunks: Buffer[] = [];
    let length = 0;
    const onData = (chunk: Buffer): void => {
      length += chunk.byteLength;
      if (length <= limit) {
        chunks.push(chunk);
        return;
      }
      stop();
      resolve(undefined);
    };
    const onEnd = (): void => {
      stop();
      // A stream of HTTP/2 that its client has reset ends as well.
      if (req.aborted) reject(brokenOff());
      else
        resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length));
    };
    const onClose = (): void => {
      stop();
      reject(brokenOff());
    };
    const stop = (): void => {
      req.off('data', onData);
      req.off('end', onEnd);
      req.off('close', onClose);
    };
    req.on('data', onData);
    req.on('end', onEnd);
    req.on('close', onClose);
  });
}

function endsSoon(req: IncomingMessage): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (ended: boolean): void => {
      clearTimeout(silence);
      clearTimeout(limit);
      req.off('data', onData);
      req.off('end', onEnd);
      req.off('close', onEnd);
      resolve(ended);
    };
    const onData = (): void => {
      silence.refresh();
    };
    const onEnd = (): void => settle(true);
    const silence = setTimeout(() => settle(false), DISCARD_SILENCE);
    const limit = setTimeout(() => settle(false), DISCARD_LIMIT);
    req.on('data', onData);
    req.on('end', onEnd);
    req.on('close', onEnd);
  });
}

function brokenOff(): Error {
  return badRequest('the body broke off');
}
