/** The flags of `bench:peers` and `bench:http`. */
import { test } from 'tap';
import { parseOptions as parseHttp } from '../../../src/bench/http/options.js';
import { CONTENDER_NAMES, HTTP_NAMES } from '../../../src/bench/peers/contenders.js';
import { parseOptions as parsePeers } from '../../../src/bench/peers/options.js';

test('all in full, unless told otherwise', (t) => {
  const full = { rounds: 5, seconds: 3, quick: false, isComplete: true };
  t.match(parsePeers([]), { ...full, contenders: CONTENDER_NAMES });
  t.match(parseHttp([]), {
    ...full,
    contenders: HTTP_NAMES,
    sections: ['plain', 'pipelined', 'values', 'connections', 'http2'],
  });
  t.end();
});

test('hotshard is always there, and with less than all the results are not complete', (t) => {
  t.match(parsePeers(['--against', 'redis,MEMCACHED']), {
    contenders: ['hotshard', 'Redis', 'memcached'],
    isComplete: false,
  });
  t.match(parseHttp(['--against', 'fastify + lru-cache', '--only', 'values']), {
    contenders: ['hotshard', 'Fastify + lru-cache'],
    sections: ['values'],
    isComplete: false,
  });
  t.match(parsePeers(['--quick']), { quick: true, rounds: 1, isComplete: false });
  t.end();
});

test('what is wrong is said', (t) => {
  t.throws(() => parsePeers(['--against', 'x']), {
    message: /--against: there is no "x", only hotshard --fast-lane off, node:http/,
  });
  t.throws(() => parseHttp(['--against', 'Redis']), { message: /there is no "Redis"/ });
  t.throws(() => parsePeers(['--only', 'peers']), { message: /only/ }, 'it has no sections');
  t.throws(() => parseHttp(['--rounds', '0']), { message: /--rounds: must be/ });
  t.end();
});
