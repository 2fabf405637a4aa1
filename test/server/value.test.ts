/** Values: what goes in comes out, byte for byte, whatever else the request says. */
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { LocalCache } from '../../src/store/local.js';
import type { TieredCache } from '../../src/store/tiered.js';
import type { ProcessState } from '../../src/telemetry/process-state.js';
import { connectionHeaders, serve } from './server-under-test.js';

const ALL_BYTES = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

t.test('a value stored is read back', async (t) => {
  const { ask } = await serve(t);
  for (const method of ['POST', 'PUT']) {
    const stored = await ask(method, '/store/k', { body: method });
    t.equal(stored.status, 200, method);
    t.equal(stored.text, '', 'an empty body');
    t.equal(stored.headers['content-length'], '0');
    const read = await ask('GET', '/get/k');
    t.equal(read.status, 200);
    t.equal(read.text, method);
    t.equal(read.headers['content-type'], 'text/plain; charset=utf-8');
    t.equal(read.headers['x-cache'], 'hit');
    t.equal(read.headers['content-length'], String(method.length));
  }
});

t.test('any bytes are a value', async (t) => {
  const { ask } = await serve(t, { maxValueSize: 100_000 });
  const values: Record<string, Buffer> = {
    'no bytes': Buffer.alloc(0),
    'one NUL': Buffer.of(0),
    'all bytes there are': ALL_BYTES,
    'a byte order mark': Buffer.of(0xef, 0xbb, 0xbf, 0x61),
    'more than a packet': Buffer.alloc(100_000, ALL_BYTES),
  };
  for (const [name, value] of Object.entries(values)) {
    t.equal((await ask('POST', '/store/bytes', { body: value })).status, 200, name);
    const read = await ask('GET', '/get/bytes');
    t.equal(read.status, 200, name);
    t.same(read.body, value, name);
    t.equal(read.headers['content-length'], String(value.length), name);
    t.equal((await ask('GET', '/?key=bytes')).body.compare(value), 0, `${name}, at the root`);
  }
});

t.test('headers change nothing', async (t) => {
  const { ask } = await serve(t, { maxValueSize: 5_000 });
  const value = Buffer.from('x'.repeat(5_000));
  const odd: Record<string, string>[] = [
    { 'content-type': 'application/json' },
    { 'content-type': 'multipart/form-data; boundary=x' },
    { 'content-type': 'application/x-www-form-urlencoded' },
    { 'content-type': ';;;not a type' },
    { 'content-type': '' },
    { 'content-encoding': 'gzip' },
    { 'content-encoding': 'deflate' },
    { cookie: 'a=b; =; "; \\;; a=é' },
    { cookie: 'session={"broken"' },
    { 'accept-encoding': 'gzip, br' },
    { 'accept-encoding': ';;q=x' },
    { accept: 'application/xml' },
    { range: 'bytes=0-1' },
    { 'if-none-match': '*' },
    { 'if-modified-since': new Date(Date.now() + 1e6).toUTCString() },
    { origin: 'http://elsewhere.example' },
  ];
  for (const headers of odd) {
    const name = JSON.stringify(headers);
    await t.test(name, async (t) => {
      t.equal((await ask('POST', '/store/odd', { headers, body: value })).status, 200, 'stored');
      const read = await ask('GET', '/get/odd', { headers });
      t.equal(read.status, 200, 'read');
      t.equal(read.body.compare(value), 0, 'unchanged');
      t.strictSame(Object.keys(read.headers).sort(), [
        'cache-control',
        ...connectionHeaders(),
        'content-length',
        'content-type',
        'date',
        'x-cache',
        'x-content-type-options',
      ]);
    });
  }
});

t.test('an absent key is 404', async (t) => {
  const { ask } = await serve(t);
  const absent = await ask('GET', '/get/none');
  t.equal(absent.status, 404);
  t.equal(absent.text, 'No value found for key');
  t.equal(absent.headers['content-type'], 'text/plain; charset=utf-8');
  t.equal(absent.headers['content-length'], '22');
  t.notOk('x-cache' in absent.headers);
  t.notOk('server' in absent.headers);
});

t.test('DELETE says whether there was something', async (t) => {
  const { ask } = await serve(t);
  await ask('POST', '/store/k', { body: 'v' });
  const removed = await ask('DELETE', '/store/k', { body: 'a body nobody needs' });
  t.equal(removed.status, 204);
  t.equal(removed.text, '');
  t.equal((await ask('DELETE', '/store/k')).status, 404);
  t.equal((await ask('GET', '/get/k')).status, 404);
});

t.test('?ttl= is the time to live, in seconds', async (t) => {
  const ttls: (number | undefined)[] = [];
  class Recording extends LocalCache {
    override set(_key: string, _value: Uint8Array, ttl?: number): void {
      ttls.push(ttl);
    }
  }
  const cache = (map: SharedCache, state: ProcessState): TieredCache => new Recording(map, state);
  const { ask } = await serve(t, { cache });
  const cases: [query: string, status: number, milliseconds?: number | undefined][] = [
    ['', 200, undefined],
    ['?', 200, undefined],
    ['?other=1', 200, undefined],
    ['?ttl=10', 200, 10_000],
    ['?ttl=0', 200, 0],
    ['?ttl=1.5', 200, 1_500],
    ['?ttl=.25', 200, 250],
    ['?ttl=5.', 200, 5_000],
    ['?ttl=1e-7', 200, 1],
    ['?ttl=0.0001', 200, 1],
    ['?ttl=9007199254740', 200, 9_007_199_254_740_000],
    ['?x=y&ttl=1&z', 200, 1_000],
    ['?t%74l=2', 200, 2_000],
    ['?ttl=%31', 200, 1_000],
    ['?ttl=9007199254741', 400],
    ['?ttl=1e308', 400],
    ['?ttl=', 400],
    ['?ttl', 400],
    ['?ttl=-1', 400],
    ['?ttl=-0', 400],
    ['?ttl=NaN', 400],
    ['?ttl=Infinity', 400],
    ['?ttl=0x10', 400],
    ['?ttl=10s', 400],
    ['?ttl=+5', 400],
    ['?ttl=%FF', 400],
    ['?ttl=%zz', 400],
    ['?ttl=1&ttl=2', 400],
  ];
  for (const [query, status, milliseconds] of cases) {
    ttls.length = 0;
    const answer = await ask('POST', `/store/k${query}`, { body: 'v' });
    t.equal(answer.status, status, query);
    if (status === 200) t.strictSame(ttls, [milliseconds], query);
    else {
      t.match(JSON.parse(answer.text).message, /seconds|once/, `${query}: ${answer.text}`);
      t.equal(ttls.length, 0, `${query} stores nothing`);
    }
  }
});

t.test('HEAD is GET without the body', async (t) => {
  const { ask, connect } = await serve(t);
  await ask('POST', '/store/k', { body: 'value' });
  const client = await connect();
  for (const path of [
    '/',
    '/?key=k',
    '/?key=none',
    '/get/k',
    '/get/none',
    '/lookup?key=k',
    '/lookup',
    '/healthz',
    '/readyz',
    '/get/',
    '/nowhere',
  ]) {
    const { headers: full, status } = await ask('GET', path);
    await client.send(`HEAD ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
    const head = await client.answer({ head: true });
    t.equal(head.status, status, path);
    for (const name of ['content-length', 'content-type', 'x-cache']) {
      t.equal(head.headers[name], full[name], `${path}: ${name}`);
    }
  }
  t.equal((await ask('HEAD', '/stats')).status, 200);
});
