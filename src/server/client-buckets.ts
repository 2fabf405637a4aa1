/** The buckets of a rate limit for the clients of this worker, by their connections. */
import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { Bucket, RateLimit } from '../limits/rate.js';
import { isHttp2 } from './http2-request.js';

export class ClientBuckets {
  readonly #rate: RateLimit;
  readonly #buckets = new WeakMap<object, Bucket>();

  constructor(rate: RateLimit) {
    this.#rate = rate;
  }

  /** Of the client that has sent a request, over HTTP/1.1 or HTTP/2. */
  ofRequest(request: IncomingMessage): Bucket {
    // Hapi's types know HTTP/1.1 alone.
    if (isHttp2(request)) return this.ofStream((request as unknown as Http2ServerRequest).stream);
    return this.#of(request.socket, request.socket);
  }

  ofStream({ session }: Pick<ServerHttp2Stream, 'session'>): Bucket {
    return this.#of(session, session?.socket);
  }

  #of(connection: object | undefined, socket: Pick<Socket, 'remoteAddress'> | undefined): Bucket {
    const known = connection === undefined ? undefined : this.#buckets.get(connection);
    if (known !== undefined) return known;
    const bucket = this.#rate.bucketOf(socket?.remoteAddress);
    if (connection !== undefined) this.#buckets.set(connection, bucket);
    return bucket;
  }
}
