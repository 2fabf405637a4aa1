/**
 * The client commands' calls to a running server over HTTP: bytes in, bytes out, every failure one readable
 * line.
 *
 * They go through `node:http` rather than `fetch`, because `fetch` sends paths through URL normalisation, which
 * takes the keys `.` and `..` for steps in a folder and drops them.
 */
import http from 'node:http';
import https from 'node:https';
import { z } from 'zod';
import { messageOf } from './config/errors.js';

/** What {@link parseServerUrl} takes, for messages. */
export const SERVER_URL_FORMAT =
  'an http:// or https:// URL such as http://127.0.0.1:3000 (a path is allowed, credentials and a query are not)';

/** Longest that a server may send nothing at all, in milliseconds. */
const SILENCE_LIMIT = 30_000;

/** Longest part of a server's message that is repeated in an error, in UTF-16 units. */
const SHOWN_LENGTH = 200;

/** The server can't be reached, or answered something else than asked for. The message is one readable line. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
}

interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly retryAfter: string | undefined;
  readonly body: Buffer;
}

/** How Hapi writes errors. */
const errorBody = z.object({ message: z.string() });

/** The URL of a server; `undefined` when it is none. */
export function parseServerUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  return (url.protocol === 'http:' || url.protocol === 'https:') && isPlain ? url : undefined;
}

export interface ClientOptions {
  /** What the server wants to be shown; absent: nothing. */
  readonly authToken?: string | undefined;
  /** Milliseconds without a byte from the server after which a call fails; absent: 30 s. */
  readonly silenceLimit?: number;
}

export class CacheClient {
  readonly #url: URL;
  readonly #authorization: http.OutgoingHttpHeaders;
  /** What stands before every path: empty, or a path without a slash at its end. */
  readonly #base: string;
  readonly #silenceLimit: number;

  /** @param url of the server; see {@link parseServerUrl} */
  constructor(url: URL, { authToken, silenceLimit = SILENCE_LIMIT }: ClientOptions = {}) {
    this.#authorization = authToken === undefined ? {} : { authorization: `Bearer ${authToken}` };
    this.#url = url;
    this.#base = url.pathname.replace(/\/+$/, '');
    this.#silenceLimit = silenceLimit;
  }

  /**
   * The value of a key; `undefined` when it has none.
   *
   * @throws {ClientError} when the server can't be reached or refuses
   */
  async get(key: string): Promise<Uint8Array | undefined> {
    // Servers and proxies may normalise a path: there is no spelling of these two keys that is safe in one.
    const path = isDotSegment(key) ? `/?key=${encodeURIComponent(key)}` : `/get/${pathSegment(key)}`;
    const answer = await this.#call('GET', path);
    if (answer.status === 404) return undefined;
    return this.#expect(answer, 200).body;
  }

  /**
   * Stores a value.
   *
   * @param ttl time to live in milliseconds, 0 = none; absent: the server's default
   * @throws {ClientError} when the server can't be reached or refuses
   */
  async set(key: string, value: Uint8Array, ttl?: number): Promise<void> {
    const query = ttl === undefined ? '' : `?ttl=${ttl / 1000}`;
    this.#expect(await this.#call('PUT', `/store/${pathSegment(key)}${query}`, value), 200);
  }

  /**
   * Removes a key. True when it was there.
   *
   * @throws {ClientError} when the server can't be reached or refuses
   */
  async delete(key: string): Promise<boolean> {
    const answer = await this.#call('DELETE', `/store/${pathSegment(key)}`);
    if (answer.status === 404) return false;
    this.#expect(answer, 204);
    return true;
  }

  /**
   * The server's counters, as it sends them.
   *
   * @param hot how many of the keys that are accessed most are listed besides, 1 to 1000; absent: none
   * @throws {ClientError} when the server can't be reached, refuses, or sends something else than JSON
   */
  async stats(hot?: number): Promise<unknown> {
    const { body } = this.#expect(
      await this.#call('GET', hot === undefined ? '/stats' : `/stats?hot=${hot}`),
      200,
    );
    const stats = parseJson(body);
    if (stats === undefined)
      throw new ClientError(`${this.#url} did not answer with JSON: no hotshard server?`);
    return stats;
  }

  #call(method: string, path: string, body?: Uint8Array): Promise<Answer> {
    const { protocol, hostname, port } = this.#url;
    const send = protocol === 'https:' ? https.request : http.request;
    return new Promise((resolve, reject) => {
      const fail = (error: Error) => reject(this.#unreachable(error));
      const request = send({
        method,
        // IPv6 addresses stand in brackets in a URL, but not in a socket address
        host: hostname.replace(/^\[(.*)\]$/, '$1'),
        port,
        path: this.#base + path,
        headers: { ...this.#authorization, ...(body && { 'content-length': body.byteLength }) },
        agent: false,
        timeout: this.#silenceLimit,
      });
      request.on('response', (response) => readAnswer(response).then(resolve, fail));
      request.on('error', fail);
      request.on('timeout', () => request.destroy(new Error(`no answer for ${this.#silenceLimit / 1000} s`)));
      request.end(body);
    });
  }

  /** The answer when it has the status asked for. */
  #expect(answer: Answer, status: number): Answer {
    if (answer.status === status) return answer;
    const retry = answer.retryAfter === undefined ? '' : ` (try again after ${answer.retryAfter} s)`;
    const message = serverMessage(answer.body);
    const detail = message === '' ? '' : `: ${message}`;
    throw new ClientError(`${this.#url} answered ${answer.status} ${answer.reason}${retry}${detail}`);
  }

  #unreachable(error: Error): ClientError {
    return new ClientError(`cannot talk to ${this.#url}: ${failureReason(error)}`, { cause: error });
  }
}

async function readAnswer(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    reason: response.statusMessage ?? '',
    retryAfter: response.headers['retry-after'],
    body: Buffer.concat(chunks),
  };
}

function isDotSegment(key: string): boolean {
  return key === '.' || key === '..';
}

/** A key as one segment of a path. A slash in it is `%2F`, and `.` and `..` are kept from being steps. */
function pathSegment(key: string): string {
  return isDotSegment(key) ? key.replaceAll('.', '%2E') : encodeURIComponent(key);
}

/** What the server says about an error, as one line. */
function serverMessage(body: Buffer): string {
  const parsed = errorBody.safeParse(parseJson(body));
  const message = parsed.success ? parsed.data.message : body.toString('utf8');
  return oneLine(message).slice(0, SHOWN_LENGTH);
}

function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Why a connection failed, as one line: those of OpenSSL end with a newline. A name with several addresses fails with an
 * error per address and no text of its own.
 */
function failureReason(error: Error): string {
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  return errors.map((each) => oneLine(messageOf(each))).join(', ');
}
