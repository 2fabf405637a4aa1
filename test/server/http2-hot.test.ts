/** The short cut of HTTP/2 gives the answers of Hapi, to the letter, and keeps its rules. */
import t from 'tap';
import { RateLimit } from '../../src/limits/rate.js';
import { Tokens } from '../../src/limits/tokens.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, StoreUnavailableError, UNCERTAIN } from '../../src/store/tiered.js';
import { askOver, openSession } from './http2-client.js';
import { limitOf, serve, speak, until } from './server-under-test.js';

speak('h2c');

class Odd extends LocalCache {
  override get(key: string): ReadResult | undefined | Promise<ReadResult | undefined> {
    if (key === 'away') throw new StoreUnavailableError('the store is out of reach', 2);
    if (key === 'away-later') return Promise.reject(new StoreUnavailableError('out of reach', 2));
    if (key === 'later') return Promise.resolve({ value: Buffer.from('late'), source: 'miss' });
    if (key === 'later-none') return Promise.resolve(undefined);
    return super.get(key) as ReadResult | undefined;
  }

  override readInto(...parts: Parameters<LocalCache['readInto']>): number {
    const [key, start, end] = parts;
    return /later|away/.test(String(key.subarray(start, end))) ? UNCERTAIN : super.readInto(...parts);
  }
}

t.test('the same requests have the same answers with and without it', async (t) => {
  const servers = await Promise.all(
    [true, false].map(async (shortCut) => {
      const server = await serve(t, { shortCut, cache: (map, state) => new Odd(map, state) });
      await server.ask('PUT', '/store/k', { body: 'value' });
      await server.ask('PUT', '/store/empty', { body: '' });
      await server.ask('PUT', '/store/bytes', { body: Buffer.of(0, 255, 13, 10) });
      const session = await openSession(`http://127.0.0.1:${server.port}`);
      t.teardown(() => session.destroy());
      return { ...server, session };
    }),
  );
  const long = 'k'.repeat(512);
  const keys = [
    'k',
    'empty',
    'bytes',
    'none',
    '',
    '.',
    '..',
    '...',
    long,
    `${long}k`,
    '%6B',
    'k?x',
    'k/',
    'a:b',
    'a+b',
  ];
  const paths = [...keys, 'away', 'away-later', 'later', 'later-none'].flatMap((key) => [
    `/get/${key}`,
    `/v1/get/${key}`,
  ]);
  const oddHeaders = [
    {},
    { host: 'other' },
    { host: 'a b' },
    { host: 'h:99999' },
    { ':authority': 'h:99999' },
    { ':authority': 'a b' },
    { ':authority': '[::1]:80' },
    { 'accept-encoding': 'gzip', range: 'bytes=0-1', 'if-none-match': '*' },
    { 'content-length': 0 },
    { expect: '100-continue' },
  ];
  const requests = [
    ...paths.map((path) => ({ method: 'GET', path, headers: {} })),
    ...oddHeaders.map((headers) => ({ method: 'GET', path: '/get/k', headers })),
    ...['HEAD', 'POST', 'OPTIONS'].map((method) => ({ method, path: '/get/k', headers: {} })),
  ];
  for (const { method, path, headers } of requests) {
    const outcomes = await Promise.all(
      servers.map(async ({ session }) => {
        try {
          const { status, headers: answered, body } = await askOver(session, method, path, { headers });
          return { status, headers: Object.entries(answered).filter(([name]) => name !== 'date'), body };
        } catch (error) {
          return (error as Error).message;
        }
      }),
    );
    t.strictSame(outcomes[0], outcomes[1], `${method} ${path.slice(0, 20)} ${JSON.stringify(headers)}`);
  }
  const [withIt, without] = servers.map(({ state, cache }) => ({
    ...state.row(0),
    hits: cache.map.stats().hits,
  }));
  t.strictSame(withIt, without, 'counted alike');
});

t.test('it takes a place of the limit until the answer has gone, and answers without one', async (t) => {
  const limit = limitOf(1, 1);
  const cache = (...parts: ConstructorParameters<typeof Odd>) => new Odd(...parts);
  const { ask, port, state, hapi } = await serve(t, { limit, cache });
  await ask('PUT', '/store/k', { body: 'v'.repeat(1000) });
  const session = await openSession(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 0 } });
  t.teardown(() => session.destroy());
  const unread = session.request({ ':path': '/get/k' });
  await until(() => limit.usage.inFlight === 1);

  const { requests } = state.row(0);
  let byHapi = 0;
  hapi.events.on('response', () => byHapi++);
  t.equal((await ask('GET', '/get/k')).text, 'v'.repeat(1000), 'at once');
  t.equal((await ask('GET', '/get/none')).status, 404);
  t.match(limit.usage, { inFlight: 1, waiting: 0 });
  t.strictSame([state.row(0).requests, byHapi], [requests + 2, 0], 'without Hapi');

  const waiting = ask('GET', '/get/later');
  await until(() => limit.usage.waiting === 1);
  const refused = await ask('GET', '/get/k');
  t.strictSame([refused.status, refused.headers['retry-after']], [503, '1'], 'the backlog is full');
  unread.close();
  t.equal((await waiting).text, 'late');
  await until(() => limit.usage.inFlight === 0);
});

t.test('it lets in whom Hapi would, and leaves the others to Hapi', async (t) => {
  const clock = { seconds: 10 };
  const servers = await Promise.all(
    [true, false].map(async (shortCut) => {
      const handle = RateLimit.create({ rate: 5 });
      const rate = RateLimit.attach(handle, () => [handle.origin + clock.seconds, 0]);
      const cache = (...parts: ConstructorParameters<typeof Odd>) => new Odd(...parts);
      const server = await serve(t, { shortCut, cache, rate, tokens: new Tokens('secret', 'look') });
      await server.ask('PUT', '/store/k', { headers: { authorization: 'Bearer secret' }, body: 'value' });
      return server;
    }),
  );
  const tokens = ['Bearer secret', 'bearer  look', 'Bearer wrong', 'Basic secret', '', undefined];
  for (const authorization of tokens) {
    for (const path of ['/get/k', '/get/none', '/get/away', '/get/away-later']) {
      clock.seconds += 1;
      const [withIt, without] = await Promise.all(
        servers.map(async ({ ask }) => {
          const headers = authorization === undefined ? {} : { authorization };
          const answers = [];
          for (let i = 0; i < 7; i++) {
            const { date: _, ...answered } = (await ask('GET', path, { headers })).headers;
            answers.push(answered);
          }
          return answers;
        }),
      );
      t.strictSame(withIt, without, `${path} ${authorization}`);
    }
  }
  const [answered, ended] = servers.map(({ state }) => state.row(0).requests);
  t.equal(answered, ended, 'counted alike');
});
