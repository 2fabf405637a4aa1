/** Who is let in: what tokens and rate limit refuse, in which order, and what comes of the rest of the connection. */
import t, { type Test } from 'tap';
import { RateLimit } from '../../src/limits/rate.js';
import { Tokens } from '../../src/limits/tokens.js';
import { type Setup, serve, until } from './server-under-test.js';

const FULL = { authorization: 'Bearer secret' };
const READ_ONLY = { authorization: 'Bearer look' };
const tokens = new Tokens('secret', 'look');

/** A limit at a time that the test sets, in seconds. */
function limitAt(clock: { seconds: number }, rate: number): RateLimit {
  const handle = RateLimit.create({ rate });
  return RateLimit.attach(handle, () => [handle.origin + clock.seconds, 0]);
}

async function withTokens(t: Test, setup: Setup = {}) {
  const server = await serve(t, { ...setup, tokens });
  await server.ask('PUT', '/store/k', { headers: FULL, body: 'value' });
  return server;
}

const CLOSED: readonly (readonly [method: string, path: string])[] = [
  ['GET', '/get/k'],
  ['HEAD', '/get/k'],
  ['GET', '/v1/get/k'],
  ['GET', '/get/nothing'],
  ['GET', '/get/%FF'],
  ['GET', '/?key=k'],
  ['GET', '/v1?key=k'],
  ['GET', '/v1/?key=k'],
  ['GET', '/?nothing'],
  ['POST', '/'],
  ['DELETE', '/'],
  ['GET', '/lookup?key=k'],
  ['GET', '/lookup'],
  ['GET', '/stats'],
  ['GET', '/metrics'],
  ['POST', '/store/k'],
  ['PUT', '/store/k?ttl=x'],
  ['DELETE', '/store/k'],
  ['PATCH', '/store/k'],
  ['GET', '/unknown'],
  ['OPTIONS', '/get/k'],
  ['GET', '/healthz/'],
  ['GET', '/healthz/..'],
  ['GET', '/get/../healthz'],
];

/** They tell of each server itself. */
const REPORTS = ['/stats', '/metrics'];

t.test('without a token that is right everything but greeting and health is 401', async (t) => {
  const { ask, cache } = await withTokens(t);
  for (const [method, path] of CLOSED) {
    for (const authorization of [undefined, 'Bearer wrong', 'Basic secret', 'Bearer']) {
      const { status, headers, text } = await ask(method, path, {
        headers: authorization === undefined ? {} : { authorization },
      });
      t.equal(status, 401, `${method} ${path} ${authorization}`);
      t.equal(headers['www-authenticate'], 'Bearer');
      t.notOk('x-cache' in headers);
      if (method !== 'HEAD') t.match(JSON.parse(text), { statusCode: 401, error: 'Unauthorized' });
    }
  }
  t.equal((await ask('POST', '/store/new', { body: 'x'.repeat(2000) })).status, 401, 'before 413');
  t.equal(cache.map.getString('k'), 'value');
  for (const path of ['/', '/?', '/v1', '/v1/', '/healthz', '/readyz', '/v1/healthz', '/v1/readyz']) {
    t.equal((await ask('GET', path)).status, 200, path);
    t.equal((await ask('HEAD', path)).status, 200, path);
  }
});

t.test('with the token everything is as it is without tokens', async (t) => {
  const open = await serve(t);
  await open.ask('PUT', '/store/k', { body: 'value' });
  const { ask } = await withTokens(t);
  for (const [method, path] of CLOSED.filter(([, path]) => !REPORTS.includes(path))) {
    const { status, text, headers } = await ask(method, path, { headers: FULL });
    const expected = await open.ask(method, path);
    const { date: _, ...rest } = expected.headers;
    t.match({ status, text, headers }, { status: expected.status, text: expected.text, headers: rest }, path);
  }
  for (const path of REPORTS) t.equal((await ask('GET', path, { headers: FULL })).status, 200);
});

t.test(
  'the read-only token reads; what would write is 403, whatever its size, time to live or key',
  async (t) => {
    const { ask, cache } = await withTokens(t);
    const asking = { headers: READ_ONLY };
    for (const path of ['/get/k', '/?key=k', '/lookup?key=k', '/stats'])
      t.equal((await ask('GET', path, asking)).status, 200, path);
    for (const path of [
      '/store/k',
      '/v1/store/k',
      '/store/',
      '/store/k?ttl=x',
      '/store/%FF',
      '/v1/store/k%',
    ]) {
      for (const method of ['POST', 'PUT', 'DELETE']) {
        const { status, text } = await ask(method, path, { ...asking, body: 'x'.repeat(2000) });
        t.equal(status, 403, `${method} ${path}`);
        t.match(JSON.parse(text), { statusCode: 403, error: 'Forbidden' });
      }
    }
    t.equal(cache.map.getString('k'), 'value');
    for (const path of ['/store/k', '/store/%FF'])
      t.equal((await ask('PATCH', path, asking)).status, 405, path);
    t.equal((await ask('GET', '/get/%FF', asking)).status, 400);
    t.equal((await ask('POST', '/unknown', asking)).status, 404);
  },
);

t.test('a refused request leaves the connection to the next one, whatever its body is like', async (t) => {
  const { connect } = await withTokens(t);
  const next = 'GET /get/k HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer secret\r\n\r\n';
  const refused: readonly (readonly [name: string, status: number, request: string])[] = [
    ['no body', 401, 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n'],
    ['a length', 401, 'PUT /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nwrong'],
    [
      'chunks',
      401,
      'PUT /store/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    ],
    [
      'read-only',
      403,
      'PUT /store/k HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer look\r\nContent-Length: 5\r\n\r\nwrong',
    ],
  ];
  for (const [name, status, request] of refused) {
    const client = await connect();
    await client.send(request + next);
    t.equal((await client.answer()).status, status, name);
    t.equal((await client.answer()).text, 'value', `after ${name}`);
  }
});

t.test('a body that does not come, or comes without end, is not waited for', async (t) => {
  const { connect, state } = await withTokens(t);
  const before = state.row(0).openConnections;
  const withheld = await connect();
  await withheld.send(
    'PUT /store/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n',
  );
  t.equal((await withheld.answer()).status, 401, 'and not 100');
  const endless = await connect();
  await endless.send('PUT /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n');
  const answer = await endless.answer();
  t.match(answer, { status: 401, headers: { connection: 'close' } });
  await endless.send('x');
  endless.socket.end();
  t.equal(await endless.end(), '', 'ended, not reset');
  const malformed = await connect();
  await malformed.send('PUT /store/k HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n');
  t.equal((await malformed.answer()).status, 400, 'a body that is none');
  for (const client of [withheld, endless, malformed]) client.destroy();
  await until(() => state.row(0).openConnections <= before);
});

t.test('past the rate limit: 429 and when to come back; health is never limited', async (t) => {
  const clock = { seconds: 10 };
  const { ask, state } = await serve(t, { rate: limitAt(clock, 4) });
  const errors = state.row(0).errors;
  t.strictSame(
    await Promise.all(
      ['/', '/get/k', '/nowhere', '/get/%FF'].map(async (path) => (await ask('GET', path)).status),
    ),
    [200, 404, 404, 400],
  );
  for (const [method, path] of [...CLOSED, ['GET', '/'] as const]) {
    if (path.startsWith('/lookup')) continue;
    const { status, headers, text } = await ask(method, path);
    t.equal(status, 429, `${method} ${path}`);
    t.match(headers, {
      'retry-after': '1',
      'ratelimit-limit': '4',
      'ratelimit-remaining': '0',
      'ratelimit-reset': '1',
    });
    if (method !== 'HEAD') t.match(JSON.parse(text), { statusCode: 429, error: 'Too Many Requests' });
  }
  for (const path of ['/lookup?key=k', '/v1/lookup?key=k']) {
    const lookup = await ask('GET', path);
    t.equal(lookup.status, 503);
    t.equal(lookup.headers['retry-after'], '1');
    t.equal(lookup.text, '{"key":"k","value":null,"status":503}');
  }
  t.equal((await ask('PUT', '/store/k', { body: 'x'.repeat(2000) })).status, 429, 'before 413');
  t.equal(state.row(0).errors - errors, 2, 'of these only a 503 is a failure of the server');
  for (const path of ['/healthz', '/readyz', '/v1/readyz'])
    t.equal((await ask('GET', path)).status, 200, path);
  clock.seconds += 1;
  const again = [];
  for (let i = 0; i < 6; i++) again.push((await ask('GET', '/')).status);
  t.strictSame(again, [200, 200, 200, 200, 429, 429]);
});

t.test('reports have a limit of their own beside that', async (t) => {
  const clock = { seconds: 10 };
  const { ask } = await serve(t, { rate: limitAt(clock, 100), reportRate: limitAt(clock, 2) });
  const statuses = [];
  for (const path of ['/stats', '/v1/stats', '/stats', '/metrics', '/', '/get/k'])
    statuses.push((await ask('GET', path)).status);
  t.strictSame(statuses, [200, 200, 429, 429, 200, 404]);
});

t.test('guesses of a token use the rate up', async (t) => {
  const { ask } = await serve(t, { tokens, rate: limitAt({ seconds: 10 }, 3) });
  const statuses = [];
  for (const guess of ['a', 'b', 'c', 'secret'])
    statuses.push((await ask('GET', '/get/k', { headers: { authorization: `Bearer ${guess}` } })).status);
  t.strictSame(statuses, [401, 401, 401, 429]);
});

t.test('no answer leaves it to a browser what a value is, nor says what the server is', async (t) => {
  const { ask } = await withTokens(t);
  for (const [method, path] of [...CLOSED, ['GET', '/'], ['GET', '/readyz']] as const) {
    for (const headers of [{}, FULL]) {
      const answer = await ask(method, path, { headers });
      t.equal(answer.headers['x-content-type-options'], 'nosniff', `${method} ${path} ${answer.status}`);
      t.notOk('server' in answer.headers || 'x-powered-by' in answer.headers);
    }
  }
});
