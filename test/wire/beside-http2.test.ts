/** The fast lane beside HTTP/2, on one port: plain, where first bytes tell them apart, and over TLS, where ALPN does. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { ClientHttp2Session } from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { text } from 'node:stream/consumers';
import tls from 'node:tls';
import t, { type Test } from 'tap';
import type { SharedCache } from '../../shards/index.js';
import type { StoreKey } from '../../src/store/backing-store.js';
import { LocalCache } from '../../src/store/local.js';
import type { ReadResult } from '../../src/store/tiered.js';
import type { ProcessState } from '../../src/telemetry/process-state.js';
import { ConnectionDrain } from '../../src/worker/connection-drain.js';
import {
  askOver,
  END_HEADERS,
  END_STREAM,
  FRAME,
  frame,
  headersOf,
  openSession,
  PREFACE,
} from '../server/http2-client.js';
import { deferred, until } from '../server/server-under-test.js';
import { madeIdentity } from '../server/tls-identity.js';
import { type LaneUnderTest, serveLane } from './lane-under-test.js';

const GET = 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n';
const HTTP2_GREETING = Buffer.concat([
  frame(FRAME.settings, 0, 0),
  frame(FRAME.headers, END_STREAM | END_HEADERS, 1, headersOf('GET', '/')),
]);

/** Connections that the Hapi server has been handed. */
function handOvers({ listener }: LaneUnderTest): { count: number } {
  const seen = { count: 0 };
  listener.on('connection', () => seen.count++);
  return seen;
}

async function sessionTo(t: Test, url: string, ca?: string): Promise<ClientHttp2Session> {
  const session = await openSession(url, ca === undefined ? {} : { ca });
  t.teardown(() => session.destroy());
  return session;
}

for (const hasPlainSockets of [false, true]) {
  t.test(`one port without TLS, ${hasPlainSockets ? 'plain' : 'raw'} sockets`, async (t) => {
    const server = await serveLane(t, { hasPlainSockets, maxValueSize: 300_000 });
    const seen = handOvers(server);
    const session = await sessionTo(t, `http://127.0.0.1:${server.port}`);
    const body = 'value '.repeat(50_000);
    t.equal((await askOver(session, 'PUT', '/store/k', { body })).status, 200);
    const client = await server.connect();
    await client.send(GET);
    t.equal((await client.answer()).text, body, 'HTTP/1.1 reads what HTTP/2 has stored');
    t.equal(seen.count, 0, 'in the lane');
    t.equal((await askOver(session, 'GET', '/get/k')).text, body);

    await client.send('DELETE /store/k HTTP/1.1\r\nHost: h\r\n\r\n');
    t.equal((await client.answer()).status, 204);
    const first = await server.connect();
    await first.send('GET /lookup?key=k HTTP/1.1\r\nHost: h\r\n\r\n');
    t.equal((await first.answer()).status, 404);
    t.equal(seen.count, 2, 'what is not for the lane goes to Hapi, with its first request or a later one');
    t.equal(server.state.row(0).connections, 3, 'each connection is counted once');
    session.destroy();
    for (const connection of [client, first]) connection.destroy();
    await until(() => server.state.row(0).openConnections === 0);
  });

  t.test(`the preface byte by byte, ${hasPlainSockets ? 'plain' : 'raw'} sockets`, async (t) => {
    const server = await serveLane(t, { hasPlainSockets });
    const client = await server.connect();
    for (const [index, byte] of [...PREFACE].entries()) {
      await client.send(byte);
      await until(() => server.accepted[0]?.bytesRead === index + 1);
    }
    await client.send(HTTP2_GREETING);
    await until(() => client.received.includes('Hello, World!'));

    for (const like of ['P', 'PR', 'PRI * HTTP/2.0\r\n']) {
      const other = await server.connect();
      await other.send(like);
      await until(() => server.accepted.at(-1)?.bytesRead === like.length);
      await other.send('\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n');
      t.match(await other.end(), /^HTTP\/1.1 400 /, `${JSON.stringify(like)}, then something else`);
    }
    const post = await server.connect();
    await post.send('P');
    await until(() => server.accepted.at(-1)?.bytesRead === 1);
    await post.send('UT /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nv');
    t.equal((await post.answer()).status, 200);
  });
}

t.test('the preface behind a request of HTTP/1.1 is none', async (t) => {
  const server = await serveLane(t);
  const pipelined = await server.connect();
  await pipelined.send(GET + PREFACE);
  t.match(await pipelined.end(), /^HTTP\/1.1 404 .*HTTP\/1.1 400 /s);
  const later = await server.connect();
  await later.send(GET);
  t.equal((await later.answer()).status, 404);
  await later.send(PREFACE);
  t.match(await later.end(), /^HTTP\/1.1 400 /);
});

t.test('over TLS the lane has the connections of HTTP/1.1', async (t) => {
  const identity = madeIdentity(t);
  const ca = identity.certificate;
  const server = await serveLane(t, { identity, maxValueSize: 300_000 });
  const seen = handOvers(server);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.teardown(() => agent.destroy());
  const ask = async (method: string, path: string, body = ''): Promise<[number | undefined, string]> => {
    const request = https.request({ port: server.port, method, path, ca, agent });
    request.end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return [response.statusCode, await text(response)];
  };
  const body = 'value '.repeat(50_000);
  t.equal((await ask('PUT', '/store/k', body))[0], 200);
  t.strictSame(await ask('GET', '/get/k'), [200, body]);
  t.equal(seen.count, 0, 'without Hapi');
  t.match((await ask('GET', '/lookup?key=k'))[1], /"value /);
  t.equal(seen.count, 1, 'what is not hot is handed over');
  t.strictSame(await ask('GET', '/get/k'), [200, body]);

  const session = await sessionTo(t, `https://127.0.0.1:${server.port}`, ca);
  t.equal((await askOver(session, 'GET', '/get/k')).text, body);
  t.equal(server.state.row(0).connections, 2);

  const rude = tls.connect({ port: server.port, host: '127.0.0.1', ca, ALPNProtocols: ['http/1.1'] });
  t.teardown(() => rude.destroy());
  rude.write(PREFACE);
  t.match(await text(rude), /^HTTP\/1.1 400 ((?!https:).)*$/s, 'who agreed on HTTP/1.1 is held to it');
  const plain = net.connect(server.port, '127.0.0.1');
  t.teardown(() => plain.destroy());
  plain.write(GET);
  t.match(await text(plain), /^HTTP\/1.1 400 .*https:/s);
});

t.test('a connection that was handed over is not the lane’s to close', async (t) => {
  const gate = deferred<void>();
  class Held extends LocalCache {
    override async get(key: StoreKey): Promise<ReadResult | undefined> {
      await gate.promise;
      return super.get(key);
    }
  }
  const server = await serveLane(t, {
    cache: (map: SharedCache, state: ProcessState) => new Held(map, state),
    tick: 5,
    timeouts: { keepAliveTimeout: 50 },
  });
  server.cache.map.set('k', 'value');
  const { lane, acceptor } = server;
  if (lane === undefined) throw new Error('there is no lane');
  const closeIdle = (): void => lane.closeIdle(true);
  const drain = new ConnectionDrain(server.listener, () => false, acceptor, {
    sweep: closeIdle,
    cutOff: () => 0,
  });
  const client = await server.connect();
  await client.send('GET /lookup?key=k HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => server.limit.usage.inFlight === 1);
  const ticks = lane.ticks;
  await until(() => lane.ticks > ticks + 20);
  closeIdle();
  const drained = drain.drain(10_000);
  gate.resolve();
  t.equal((await client.answer()).status, 200, 'neither for its silence nor in a drain');
  client.destroy();
  t.equal(await drained, 0);
});
