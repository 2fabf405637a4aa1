/** HTTP/2 with prior knowledge: how it is told from HTTP/1.1, and what is its own about streams and sessions. */
import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import t, { type Test } from 'tap';
import { held } from './held-cache.js';
import {
  askOver,
  END_HEADERS,
  END_STREAM,
  FRAME,
  FrameClient,
  frame,
  headersOf,
  openSession,
  PREFACE,
} from './http2-client.js';
import { limitOf, type Setup, serve, speak, type UnderTest, until } from './server-under-test.js';

speak('h2c');

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR } = http2.constants;

async function served(t: Test, setup: Setup = {}): Promise<UnderTest & { session: ClientHttp2Session }> {
  const server = await serve(t, setup);
  const session = await openSession(`http://127.0.0.1:${server.port}`);
  t.teardown(() => session.destroy());
  return { ...server, session };
}

function inFlight(server: UnderTest): Promise<number> {
  return server.ask('GET', '/stats').then(({ text }) => JSON.parse(text).limits.inFlight as number);
}

/** An upload of which the first bytes are sent. */
function beginUpload(session: ClientHttp2Session, path: string, bytes: number): ClientHttp2Stream {
  const stream = session.request({ ':method': 'POST', ':path': path });
  stream.on('error', () => {});
  stream.write(Buffer.alloc(bytes));
  return stream;
}

t.test('the preface may come byte by byte, and HTTP/1.1 comes by the same port', async (t) => {
  const { connect, state } = await serve(t);
  const slow = await connect();
  for (const byte of PREFACE) await slow.send(byte);
  await slow.send(frame(FRAME.settings, 0, 0));
  await slow.send(frame(FRAME.headers, END_STREAM | END_HEADERS, 1, headersOf('GET', '/')));
  await until(() => slow.received.includes('Hello, World!'));

  const requests = [
    'GET / HTTP/1.1\r\nHost: h\r\n\r\n',
    'PUT /store/P HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv',
  ];
  for (const request of requests) {
    const client = await connect();
    for (const byte of request) await client.send(byte);
    t.equal((await client.answer()).status, 200, request.slice(0, 3));
  }
  t.match(state.row(0), { connections: 3, openConnections: 3, requests: 3 }, 'each is counted once');
});

t.test('what only begins like the preface is HTTP/1.1', async (t) => {
  const { connect } = await serve(t);
  for (const bytes of [
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\rx',
    'PRI / HTTP/1.1\r\nHost: h\r\n\r\n',
    'nonsense\r\n\r\n',
  ]) {
    const client = await connect();
    await client.send(bytes);
    t.equal((await client.answer()).status, 400, bytes);
    await client.end();
  }
});

t.test('who says nothing, or not enough, is sent away when the time for headers is over', async (t) => {
  const { connect, state } = await serve(t, { timeouts: { headersTimeout: 50 } });
  const send = async (bytes: string): Promise<void> => {
    const client = await connect();
    if (bytes !== '') await client.send(bytes);
    t.match(await client.end(), /^HTTP\/1.1 408 /, JSON.stringify(bytes));
    client.destroy();
  };
  await Promise.all(['', 'PRI * HTTP/2.0\r\n'].map(send));
  const gone = await connect();
  await gone.send('PRI');
  gone.socket.end();
  t.match(await gone.end(), /^HTTP\/1.1 400 /, 'a request that breaks off');
  await until(() => state.row(0).openConnections === 0);
});

t.test('a body that is too large is refused, and the session goes on', async (t) => {
  const { session, cache } = await served(t, { maxValueSize: 1024 });
  const whole = await askOver(session, 'POST', '/store/k', { body: Buffer.alloc(300_000) });
  t.equal(whole.status, 413);
  t.match(JSON.parse(whole.text), { statusCode: 413, message: /1024 bytes/ });

  const endless = beginUpload(session, '/store/k', 2000);
  const [headers] = await once(endless, 'response');
  t.equal(headers[':status'], 413, 'without waiting for the end');
  endless.resume();
  await once(endless, 'close');
  t.equal(endless.rstCode, NGHTTP2_NO_ERROR, 'the client need not send the rest');

  t.equal(cache.map.get('k'), undefined);
  t.equal((await askOver(session, 'POST', '/store/k', { body: Buffer.alloc(1024) })).status, 200);
});

t.test('a body that breaks off stores nothing and frees its place', async (t) => {
  const server = await serve(t);
  const reset = (code: number) => (client: FrameClient) =>
    client.socket.write(frame(FRAME.reset, 0, 1, Buffer.of(0, 0, 0, code)));
  const ends: [name: string, end: (client: FrameClient) => void][] = [
    ['reset by CANCEL', reset(NGHTTP2_CANCEL)],
    ['reset by NO_ERROR', reset(NGHTTP2_NO_ERROR)],
    ['the connection ends', (client) => client.socket.end()],
    ['the connection is lost', (client) => client.socket.resetAndDestroy()],
  ];
  for (const [name, end] of ends) {
    const client = await FrameClient.open(server.port);
    const { requests } = server.state.row(0);
    client.socket.write(frame(FRAME.headers, END_HEADERS, 1, headersOf('PUT', '/store/broken')));
    client.socket.write(frame(FRAME.data, 0, 1, Buffer.from('half')));
    await until(() => server.state.row(0).requests > requests);
    end(client);
    while ((await inFlight(server)) > 1);
    t.equal(server.cache.map.get('broken'), undefined, name);
    client.socket.destroy();
  }
});

t.test('a request that its client takes back leaves the queue, or frees its place', async (t) => {
  const limit = limitOf(1, 10);
  const { cache, made } = held();
  const { session } = await served(t, { limit, cache });
  const inside = session.request({ ':path': '/get/a' });
  await until(() => made().busy === 1);
  const waiting = session.request({ ':path': '/get/b' });
  await until(() => limit.usage.waiting === 1);
  waiting.close(NGHTTP2_CANCEL);
  await until(() => limit.usage.waiting === 0);
  inside.close(NGHTTP2_CANCEL);
  await until(() => limit.usage.inFlight === 0);
  made().gate.resolve();
  t.equal((await askOver(session, 'GET', '/get/c')).text, 'c');
});

t.test('CONNECT, Expect and HEAD', async (t) => {
  const { session } = await served(t, { maxValueSize: 1024 });
  const tunnel = session.request({ ':method': 'CONNECT', ':authority': 'h:80' });
  const [refused] = await once(tunnel, 'response');
  t.match(refused, {
    ':status': 405,
    allow: 'GET, HEAD, POST, PUT, DELETE',
    'content-type': 'application/json; charset=utf-8',
    'content-length': '78',
    'x-content-type-options': 'nosniff',
  });
  tunnel.destroy();

  const expecting = session.request({
    ':method': 'PUT',
    ':path': '/store/k',
    expect: '100-continue',
    'content-length': 2,
  });
  await once(expecting, 'continue');
  expecting.end('ok');
  const [stored] = await once(expecting, 'response');
  t.equal(stored[':status'], 200);

  const withheld = session.request({
    ':method': 'PUT',
    ':path': '/store/k',
    expect: '100-continue',
    'content-length': 2000,
  });
  withheld.on('continue', () => t.fail('a body that does not fit is not asked for'));
  const [large] = await once(withheld, 'response');
  t.equal(large[':status'], 413);
  withheld.close();

  const head = await askOver(session, 'HEAD', '/get/k');
  t.equal(head.headers['content-length'], '2');
  t.equal(head.body.length, 0);
});

t.test(
  'a session in which nothing moves is ended, with an answer under way when that is there',
  async (t) => {
    const { cache, made } = held();
    const { session, port } = await served(t, { cache, timeouts: { idleSession: 100 } });
    const idle = await openSession(`http://127.0.0.1:${port}`);
    const asked = askOver(session, 'GET', '/get/late');
    await until(() => made().busy === 1);
    await once(idle, 'close');
    made().gate.resolve();
    t.equal((await asked).text, 'late');
  },
);

t.test('a stream on which nothing moves is reset, and frees its place', async (t) => {
  const server = await served(t, { timeouts: { silentStream: 100 } });
  const silent = beginUpload(server.session, '/store/k', 1);
  await once(silent, 'close');
  t.equal(silent.rstCode, NGHTTP2_CANCEL);
  while ((await inFlight(server)) > 1);
});

t.test('stopping: requests under way are answered, then sessions end', async (t) => {
  const { cache, made } = held();
  const { session, stop, port, state } = await served(t, { cache });
  const idle = await openSession(`http://127.0.0.1:${port}`);
  const asked = askOver(session, 'GET', '/get/late');
  await until(() => made().busy === 1);
  const goaway = once(session, 'goaway');
  const ended = [once(idle, 'close'), once(session, 'close')];
  const stopped = stop(10_000);
  t.equal((await goaway)[0], NGHTTP2_NO_ERROR);
  made().gate.resolve();
  t.equal((await asked).text, 'late');
  await Promise.all([stopped, ...ended]);
  t.equal(state.row(0).openConnections, 0);
});

t.test('what does not end in time is cut off', async (t) => {
  const { cache, made } = held();
  const { session, stop, state } = await served(t, { cache });
  const asked = askOver(session, 'GET', '/get/never');
  await until(() => made().busy === 1);
  await Promise.all([stop(50), t.rejects(asked)]);
  await until(() => state.row(0).openConnections === 0);
});
