/** A cache over HTTP as a Node team writes it with Hapi and lru-cache: what a cache does not need is switched off. */
import Hapi from '@hapi/hapi';
import { ABSENT, ADDRESS, cache, MAX_VALUE_SIZE, TEXT } from './cache.js';

const server = Hapi.server({
  ...ADDRESS,
  debug: false,
  compression: false,
  routes: {
    state: { parse: false, failAction: 'ignore' },
    response: { emptyStatusCode: 200, ranges: false },
    // A value is its bytes, whatever type it is said to be.
    payload: {
      output: 'data',
      parse: false,
      override: 'application/octet-stream',
      maxBytes: MAX_VALUE_SIZE,
    },
  },
});

server.route<{ Params: { key: string }; Payload: Buffer }>([
  {
    method: 'GET',
    path: '/get/{key}',
    handler: ({ params }, h) => {
      const value = cache.get(params.key);
      if (value === undefined) return h.response(ABSENT).code(404).type(TEXT);
      return h.response(value).type(TEXT);
    },
  },
  {
    method: 'POST',
    path: '/store/{key}',
    handler: ({ params, payload }, h) => {
      cache.set(params.key, payload);
      return h.response();
    },
  },
]);

await server.start();
