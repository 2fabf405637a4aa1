/** What clients of ill will do with HTTP/2, and what it costs: a bounded amount, and then their connection. */
import http2 from 'node:http2';
import t, { type Test } from 'tap';
import {
  askOver,
  END_HEADERS,
  END_STREAM,
  FRAME,
  FrameClient,
  frame,
  headersOf,
  openSession,
} from './http2-client.js';
import { limitOf, serve, speak, type UnderTest, until } from './server-under-test.js';

speak('h2c');

const { NGHTTP2_ENHANCE_YOUR_CALM } = http2.constants;
const WHOLE = END_STREAM | END_HEADERS;

async function flooded(
  t: Test,
  server: UnderTest,
  frames: (index: number) => Uint8Array,
): Promise<FrameClient> {
  const client = await FrameClient.open(server.port);
  t.teardown(() => client.socket.destroy());
  // In pieces, so that the client has read what came back before it goes on.
  for (let sent = 0; sent < 5_000 && !client.socket.destroyed; sent += 100) {
    client.socket.write(Buffer.concat(Array.from({ length: 100 }, (_, index) => frames(sent + index))));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await client.closed;
  await until(() => server.state.row(0).openConnections === 0);
  return client;
}

t.test('streams that are opened and reset at once end the session', async (t) => {
  const limit = limitOf(250, 4096);
  const server = await serve(t, { limit });
  const cancel = Buffer.of(0, 0, 0, http2.constants.NGHTTP2_CANCEL);
  const client = await flooded(t, server, (index) => {
    const stream = 2 * index + 1;
    const open = frame(FRAME.headers, WHOLE, stream, headersOf('GET', '/get/k'));
    return Buffer.concat([open, frame(FRAME.reset, 0, stream, cancel)]);
  });
  t.equal(client.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  t.equal(limit.usage.inFlight, 0, 'all places are free');
});

t.test('pings end the session, also when their answers are read', async (t) => {
  const client = await flooded(t, await serve(t), () => frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
  t.equal(client.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  t.ok(client.count(FRAME.ping) < 1_200, `${client.count(FRAME.ping)} answers`);
});

t.test('so do settings', async (t) => {
  const client = await flooded(t, await serve(t), () => frame(FRAME.settings, 0, 0));
  t.equal(client.goaway, NGHTTP2_ENHANCE_YOUR_CALM);
  t.ok(client.count(FRAME.settings) < 1_200, `${client.count(FRAME.settings)} answers`);
});

t.test('and headers that go on and on', async (t) => {
  const server = await serve(t);
  const field = Buffer.concat([Buffer.of(0x00, 1), Buffer.from('x'), Buffer.of(1), Buffer.from('y')]);
  const client = await flooded(t, server, (index) =>
    index === 0
      ? frame(FRAME.headers, END_STREAM, 1, headersOf('GET', '/'))
      : frame(FRAME.continuation, 0, 1, field),
  );
  t.not(client.goaway, undefined);
  t.equal(server.state.row(0).requests, 0);
});

t.test('and empty frames of a body', async (t) => {
  const server = await serve(t);
  const client = await flooded(t, server, (index) =>
    index === 0
      ? frame(FRAME.headers, END_HEADERS, 1, headersOf('PUT', '/store/k'))
      : frame(FRAME.data, 0, 1),
  );
  t.equal(server.cache.map.get('k'), undefined);
  t.ok(client.socket.destroyed);
});

t.test('a client that does not read keeps a bounded number of streams, for a bounded time', async (t) => {
  const limit = limitOf(250, 4096);
  const server = await serve(t, { limit, timeouts: { silentStream: 300 } });
  await server.ask('PUT', '/store/k', { body: 'v'.repeat(1000) });
  // SETTINGS_INITIAL_WINDOW_SIZE = 0: no byte of any body may be sent.
  const client = await FrameClient.open(server.port, Buffer.of(0, 4, 0, 0, 0, 0));
  t.teardown(() => client.socket.destroy());
  const { requests } = server.state.row(0);
  for (let index = 0; index < 150; index++) {
    client.socket.write(frame(FRAME.headers, WHOLE, 2 * index + 1, headersOf('GET', '/get/k')));
  }
  await until(() => server.state.row(0).requests - requests >= 100);
  t.ok(limit.usage.inFlight <= 100, `${limit.usage.inFlight} in flight`);
  await until(() => limit.usage.inFlight === 0);
  t.ok(server.state.row(0).requests - requests <= 150);
  t.equal(client.count(FRAME.data), 0);
});

t.test('too many headers, or too long ones, are refused', async (t) => {
  const { port } = await serve(t);
  const session = await openSession(`http://127.0.0.1:${port}`);
  t.teardown(() => session.destroy());
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-${index}`, 'y']));
  await t.rejects(askOver(session, 'GET', '/', { headers: many }));
  await t.rejects(askOver(session, 'GET', '/', { headers: { long: 'x'.repeat(20_000) } }));
});

t.test('much use is no abuse', async (t) => {
  const { port } = await serve(t);
  const session = await openSession(`http://127.0.0.1:${port}`);
  t.teardown(() => session.destroy());
  for (let round = 0; round < 20; round++) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => askOver(session, 'GET', '/')));
    t.ok(answers.every(({ status }) => status === 200));
    await new Promise((resolve) => session.ping(resolve));
  }
});
