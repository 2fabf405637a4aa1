/** Which paths there are, what each allows, and what the root, `/lookup` and the health routes say. */
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { LocalCache } from '../../src/store/local.js';
import { StoreUnavailableError, type TieredCache, ValueTooLargeError } from '../../src/store/tiered.js';
import { type Phase, ProcessState } from '../../src/telemetry/process-state.js';
import { serve } from './server-under-test.js';

t.test('another method on a known path is 405 with Allow', async (t) => {
  const { ask } = await serve(t);
  const allowed: Record<string, string> = {
    '/': 'GET, HEAD, POST',
    '/pipeline': 'POST',
    '/multi-exec': 'POST',
    '/metrics': 'GET, HEAD',
    '/get/k': 'GET, HEAD',
    '/get/': 'GET, HEAD',
    '/store/k': 'POST, PUT, DELETE',
    '/store/': 'POST, PUT, DELETE',
    '/lookup': 'GET, HEAD',
    '/stats': 'GET, HEAD',
    '/healthz': 'GET, HEAD',
    '/readyz': 'GET, HEAD',
  };
  const methods = [
    'GET',
    'HEAD',
    'POST',
    'PUT',
    'DELETE',
    'OPTIONS',
    'PATCH',
    'TRACE',
    'PROPFIND',
    'LOCK',
    'PURGE',
  ];
  for (const [path, allow] of Object.entries(allowed)) {
    for (const served of path === '/' ? ['/', '/v1', '/v1/'] : [path, `/v1${path}`]) {
      for (const method of methods.filter((method) => !allow.split(', ').includes(method))) {
        const answer = await ask(method, served, {
          headers: { 'content-type': 'application/json' },
          body: '{',
        });
        t.equal(answer.status, 405, `${method} ${served}`);
        t.equal(answer.headers.allow, allow, `${method} ${served}`);
        if (method !== 'HEAD')
          t.match(JSON.parse(answer.text), { statusCode: 405, error: 'Method Not Allowed' });
      }
    }
  }
});

t.test('an unknown path is 404', async (t) => {
  const { ask } = await serve(t);
  const paths = [
    '/get',
    '/store',
    '/get/a/b',
    '/get//',
    '/stats/',
    '/STATS',
    '/v2/get/k',
    '/v1/v1/get/k',
    '//',
    '/favicon.ico',
  ];
  for (const path of paths) {
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const answer = await ask(method, path);
      t.equal(answer.status, 404, `${method} ${path}`);
      t.same(JSON.parse(answer.text), { statusCode: 404, error: 'Not Found', message: 'Not Found' });
    }
  }
});

t.test('an expectation other than 100-continue is 417', async (t) => {
  const { ask, cache } = await serve(t);
  for (const path of ['/store/k', '/nowhere']) {
    const answer = await ask('PUT', path, { headers: { expect: 'miracles' }, body: 'value' });
    t.equal(answer.status, 417, path);
    t.match(JSON.parse(answer.text), { statusCode: 417, error: 'Expectation Failed' });
    t.equal(answer.headers['content-length'], String(answer.body.length));
    t.equal(answer.headers['x-content-type-options'], 'nosniff');
  }
  t.equal(cache.map.size, 0);
});

t.test('the root', async (t) => {
  const { ask } = await serve(t);
  await ask('POST', '/store/k', { body: 'value' });
  const cases: [path: string, status: number, text: string][] = [
    ['', 200, 'Hello, World!'],
    ['?', 200, 'Hello, World!'],
    ['?key=k', 200, 'value'],
    ['?key=none', 404, 'Key not found'],
    ['?other=k', 400, "Missing 'key' parameter in the query string"],
    ['?KEY=k', 400, "Missing 'key' parameter in the query string"],
    ['?&', 400, "Missing 'key' parameter in the query string"],
  ];
  for (const [query, status, text] of cases) {
    for (const root of ['/', '/v1', '/v1/']) {
      const answer = await ask('GET', `${root}${query}`);
      t.equal(answer.status, status, `${root}${query}`);
      t.equal(answer.text, text);
      t.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
      t.equal(answer.headers['content-length'], String(text.length));
      t.equal(answer.headers['x-cache'], text === 'value' ? 'hit' : undefined);
    }
  }
});

t.test('/lookup has one form for every answer', async (t) => {
  const { ask } = await serve(t);
  await ask('POST', '/store/k', { body: 'välue' });
  await ask('POST', '/store/empty', { body: '' });
  await ask('POST', '/store/bytes', { body: Buffer.of(0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62, 0xc3) });
  const long = 'k'.repeat(513);
  const cases: [query: string, key: string | null, value: string | null, status: number][] = [
    ['?key=k', 'k', 'välue', 200],
    ['?x&key=k', 'k', 'välue', 200],
    ['?key=empty', 'empty', '', 200],
    ['?key=bytes', 'bytes', '\ufeffa\ufffdb\ufffd', 200],
    ['?key=n%2Fone', 'n/one', null, 404],
    ['?key=%00%0A%22%5C%7F%E2%80%A8%F0%9F%98%80', '\0\n"\\\x7f\u2028\u{1f600}', null, 404],
    ['?key=%ED%A0%80', null, null, 400],
    ['', null, null, 400],
    ['?other=k', null, null, 400],
    ['?key=', '', null, 400],
    ['?key=%FF', null, null, 400],
    ['?key=k&key=k', null, null, 400],
    [`?key=${long}`, long, null, 400],
  ];
  for (const [query, key, value, status] of cases) {
    for (const path of ['/lookup', '/v1/lookup']) {
      const answer = await ask('GET', path + query);
      t.equal(answer.status, status, query);
      t.equal(answer.text, JSON.stringify({ key, value, status }));
      t.equal(answer.headers['content-type'], 'application/json; charset=utf-8');
      t.equal(answer.headers['content-length'], String(answer.body.length));
    }
  }
});

t.test('/healthz is 200 when alive, /readyz when serving', async (t) => {
  const phases: [phase: Phase, ready: number][] = [
    ['starting', 503],
    ['loading', 503],
    ['serving', 200],
    ['draining', 503],
  ];
  const state = ProcessState.create(1);
  const { ask } = await serve(t, { state, phase: 'starting' });
  for (const [phase, ready] of phases) {
    state.advanceTo(phase);
    for (const prefix of ['', '/v1']) {
      t.equal((await ask('GET', `${prefix}/healthz`)).status, 200, phase);
      t.equal((await ask('GET', `${prefix}/readyz`)).status, ready, phase);
    }
  }
});

t.test('errors of the store are answers', async (t) => {
  const log: object[] = [];
  const failures: Record<string, Error> = {
    away: new StoreUnavailableError('the store is out of reach', 1.2),
    large: new ValueTooLargeError('too large for the map'),
    bug: new TypeError('a secret of the inside'),
  };
  class Failing extends LocalCache {
    override get(key: string): never {
      throw failures[key];
    }
    override set(key: string): Promise<void> {
      return Promise.reject(failures[key]);
    }
    override delete(key: string): never {
      throw failures[key];
    }
  }
  const cache = (map: SharedCache, state: ProcessState): TieredCache => new Failing(map, state);
  const { ask, state } = await serve(t, { cache, logger: { error: (details) => log.push(details) } });
  const requests = ['GET /get/', 'GET /?key=', 'POST /store/', 'PUT /v1/store/', 'DELETE /store/'];
  const expected: [key: string, status: number, retryAfter?: string][] = [
    ['away', 503, '2'],
    ['large', 413],
    ['bug', 500],
  ];
  for (const [key, status, retryAfter] of expected) {
    for (const request of requests) {
      const [method = '', path = ''] = request.split(' ');
      const answer = await ask(method, path + key);
      t.equal(answer.status, status, request + key);
      t.equal(answer.headers['retry-after'], retryAfter, request + key);
      t.equal(JSON.parse(answer.text).statusCode, status);
      t.notMatch(answer.text, /secret|at |node_modules/);
    }
  }
  t.equal(log.length, requests.length, 'what the client is not told is logged');
  t.equal(state.row(0).errors, requests.length * 2, 'answers from 500 on are counted');

  const lookup = await ask('GET', '/lookup?key=away');
  t.equal(lookup.status, 503);
  t.equal(lookup.text, '{"key":"away","value":null,"status":503}');
  t.equal(lookup.headers['retry-after'], '2');
});
