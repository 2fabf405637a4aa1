/** The access log: what a line says of a request, and what no line ever says. */
import { Writable } from 'node:stream';
import pino from 'pino';
import pretty from 'pino-pretty';
import t from 'tap';
import { LocalCache } from '../../src/store/local.js';
import { serve, speak, until } from './server-under-test.js';

type Line = Readonly<Record<string, unknown>>;

/** A logger, and the lines it has written, as they were. */
function recorded(level: 'debug' | 'trace', readable = false) {
  const written: string[] = [];
  const options = { level, base: null, timestamp: false } as const;
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  const logger = readable
    ? pino(options, pretty({ destination: sink, colorize: false, sync: true }))
    : pino(options, { write: (line: string) => written.push(line) });
  return { logger, written, lines: () => written.map((line) => JSON.parse(line) as Line) };
}

t.test('a line for each request: id, client, method, route, status, bytes, milliseconds', async (t) => {
  const server = await serve(t);
  const { ask, state } = server;
  const { logger, lines } = recorded('debug');
  server.logRequests(logger);
  await ask('PUT', '/store/k', { body: 'value' });
  await ask('GET', '/v1/get/k', { headers: { 'x-request-id': 'my-id_1.2' } });
  await ask('HEAD', '/get/k?a=b');
  await ask('GET', '/?key=k');
  await ask('GET', '/nowhere/k');
  await ask('PATCH', '/get/k');
  await until(() => lines().length === 6);
  t.match(lines(), [
    { method: 'PUT', route: '/store/{key}', status: 200, bytes: 0 },
    { method: 'GET', route: '/v1/get/{key}', status: 200, bytes: 5, id: 'my-id_1.2', client: '127.0.0.1' },
    { method: 'HEAD', route: '/get/{key}', status: 200, bytes: 0 },
    { method: 'GET', route: '/', status: 200, bytes: 5 },
    { method: 'GET', route: null, status: 404 },
    { method: 'PATCH', route: '/get/{key}', status: 405 },
  ]);
  for (const line of lines()) {
    t.strictSame(Object.keys(line), [
      'level',
      ...['id', 'client', 'method', 'route', 'status', 'bytes', 'ms'],
      'msg',
    ]);
    t.match(line, { level: 20, msg: 'request', ms: Number });
  }
  const generated = lines().map(({ id }) => id);
  t.equal(new Set(generated).size, 6, 'each has an id of its own');

  server.logRequests(undefined);
  await ask('GET', '/get/k');
  server.logRequests(logger);
  await ask('GET', '/get/other');
  await until(() => lines().length > 6);
  t.match(lines().slice(6), [{ status: 404 }], 'on and off');
  t.equal(state.row(0).requests, 8);
});

t.test('an id that will not do is replaced', async (t) => {
  const server = await serve(t);
  const { logger, lines } = recorded('debug');
  server.logRequests(logger);
  const given = ['a b', 'ä', '', 'x'.repeat(65), '\u001b[31m', 'a,b', '{"a":1}'];
  for (const id of given) {
    const headers = id === '\u001b[31m' ? { 'x-request-id': 'a\u009b31m' } : { 'x-request-id': id };
    const { headers: answered } = await server.ask('GET', '/', { headers });
    t.equal(answered['x-request-id'], undefined, 'it is not in the answer: not all lanes would say it');
  }
  await server.ask('GET', '/', { headers: { 'x-request-id': 'x'.repeat(64) } });
  await until(() => lines().length > given.length);
  const ids = lines().map(({ id }) => String(id));
  for (const id of ids.slice(0, -1)) t.match(id, /^[\da-f]{8}-[\da-f-]{27}$/);
  t.equal(ids.at(-1), 'x'.repeat(64));
});

t.test('a path is logged at trace alone, as printable characters', async (t) => {
  t.teardown(() => speak('http/1.1'));
  for (const readable of [false, true]) {
    const { logger, written } = recorded('trace', readable);
    // Of bytes that are not ASCII only HTTP/2 lets any through.
    const paths = {
      'http/1.1': ['/get/a%0d%0aINFO:%20forged', '/get/a%1b[31mred'],
      h2c: ['/get/a%0d%0aINFO:%20forged', '/get/a\u009b31mred', '/get/a\u00ff'],
    } as const;
    for (const protocol of ['http/1.1', 'h2c'] as const) {
      speak(protocol);
      const server = await serve(t);
      server.logRequests(logger);
      for (const path of paths[protocol]) {
        const before = written.length;
        await server.ask('GET', `${path}?token=secret`);
        await until(() => written.length > before);
      }
    }
    const text = written.join('');
    t.match(text, /a%0d%0aINFO:%20forged/);
    t.match(text, /a%1b\[31mred/);
    t.match(text, /%[\dA-F]{2}31mred/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    t.notMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\uffff]|secret/);
    const begins = readable ? /^(?:DEBUG:| {4}\w+:) / : /^\{"level":20,/;
    for (const line of text.trimEnd().split('\n')) t.match(line, begins, 'nobody else writes lines');
  }
  speak('http/1.1');
  const server = await serve(t);
  const { logger, written } = recorded('debug');
  server.logRequests(logger);
  await server.ask('GET', '/get/a-key?token=secret');
  await until(() => written.length > 0);
  t.notMatch(written.join(''), /a-key|secret/);
});

t.test('a failure is logged by route and id, without the key', async (t) => {
  class Broken extends LocalCache {
    override get(): never {
      throw new TypeError('broken');
    }
  }
  const failures: object[] = [];
  const logger = { error: (details: object) => failures.push(details) };
  const { ask } = await serve(t, { logger, cache: (map, state) => new Broken(map, state) });
  await ask('GET', '/get/a-key', { headers: { 'x-request-id': 'id-1' } });
  t.match(failures, [{ id: 'id-1', method: 'get', route: '/get/{key}', err: { message: 'broken' } }]);
  t.notMatch(JSON.stringify(failures), /a-key/);
});
