/** A cache over HTTP as a Node team writes it with Fastify and lru-cache. */
import Fastify from 'fastify';
import { ABSENT, ADDRESS, cache, MAX_KEY_LENGTH, MAX_VALUE_SIZE, TEXT } from './cache.js';

interface KeyRoute {
  readonly Params: { readonly key: string };
}

const server = Fastify({
  bodyLimit: MAX_VALUE_SIZE,
  routerOptions: { maxParamLength: MAX_KEY_LENGTH },
});

// A value is its bytes, whatever type it is said to be.
server.removeAllContentTypeParsers();
server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

server.get<KeyRoute>('/get/:key', (request, reply) => {
  const value = cache.get(request.params.key);
  reply.type(TEXT);
  if (value === undefined) reply.code(404).send(ABSENT);
  else reply.send(value);
});

server.post<KeyRoute & { readonly Body: Buffer | undefined }>('/store/:key', (request, reply) => {
  // A request without a body is not given to the parser.
  cache.set(request.params.key, request.body ?? Buffer.alloc(0));
  reply.send();
});

await server.listen(ADDRESS);
