/** What the fast lane does with connections: what it answers itself, hands over, holds back, and ends. */
import { once } from 'node:events';
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import type { StoreKey } from '../../src/store/backing-store.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, StoreUnavailableError, UNCERTAIN, WrongTypeError } from '../../src/store/tiered.js';
import type { ProcessState } from '../../src/telemetry/process-state.js';
import { ConnectionDrain } from '../../src/worker/connection-drain.js';
import { limitOf, until } from '../server/server-under-test.js';
import { contents, exchange, type LaneUnderTest, serveLane } from './lane-under-test.js';
import { REQUESTS } from './requests.js';

const GET = 'GET /get/k HTTP/1.1\r\nHost: h\r\n\r\n';

function store(key: string, value: string): string {
  return `POST /store/${key} HTTP/1.1\r\nHost: h\r\nContent-Length: ${value.length}\r\n\r\n${value}`;
}

/** Connections that the Hapi server has been handed. */
function handOvers({ listener }: LaneUnderTest): { count: number } {
  const seen = { count: 0 };
  listener.on('connection', () => seen.count++);
  return seen;
}

t.test('the hot requests are answered without the Hapi server', async (t) => {
  const server = await serveLane(t);
  const seen = handOvers(server);
  const client = await server.connect();
  await client.send(store('k', 'value'));
  t.equal((await client.answer()).status, 200);
  const keys = ['/get/k', '/v1/get/k', '/get/%6B', '/', '/v1', '/v1/', '/get/%C3%BC', '/get/none'];
  for (const target of keys) {
    await client.send(
      `GET ${target} HTTP/1.1\r\nhost: h\r\nX-Anything: else\r\nConnection: Keep-Alive\r\n\r\n`,
    );
    t.ok([200, 404].includes((await client.answer()).status), target);
  }
  for (const request of ['PUT /v1/store/x', 'POST /store/x%2F', 'POST /store/x?ttl=5']) {
    await client.send(`${request} HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n\r\n`);
    for (const byte of 'abc') await client.send(byte);
    t.equal((await client.answer()).status, 200, request);
  }
  t.equal(seen.count, 0);
  t.strictSame(
    [server.state.row(0).requests, server.state.row(0).connections, server.limit.usage.inFlight],
    [12, 1, 0],
  );
  await client.send('GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n');
  t.equal((await client.answer()).status, 200);
  t.equal(seen.count, 1, 'the first that is not hot');
});

t.test(
  'a value that the map can never hold is refused as Hapi refuses it, whatever it comes with',
  async (t) => {
    const setup = { maxMemory: 64 * 1024, maxValueSize: 60_000 };
    const [lane, hapi] = await Promise.all([
      serveLane(t, setup),
      serveLane(t, { ...setup, fastLane: false }),
    ]);
    const pieces = [Buffer.from(store('k', 'v'.repeat(50_000)) + GET)];
    const answer = await exchange(lane, pieces);
    t.match(answer, /^HTTP\/1\.1 413 /);
    t.equal(answer, await exchange(hapi, pieces));
  },
);

t.test('sockets without a buffer of ours, as on a Node that has no such thing', async (t) => {
  const [lane, hapi] = await Promise.all([
    serveLane(t, { hasPlainSockets: true, maxMemory: 2 ** 20 }),
    serveLane(t, { fastLane: false, maxMemory: 2 ** 20 }),
  ]);
  for (const server of [lane, hapi]) server.cache.map.set('k', 'value');
  for (const name of [
    'a hit',
    'stored bytes',
    'pipelined, one of them malformed',
    'an expectation',
    'chunks',
  ]) {
    const bytes = Buffer.from(REQUESTS[name] ?? '', 'latin1');
    const pieces = [bytes.subarray(0, 20), bytes.subarray(20, 70), bytes.subarray(70)];
    const [actual, expected] = await Promise.all([exchange(lane, pieces), exchange(hapi, pieces)]);
    t.equal(actual, expected, name);
  }
});

t.test('a client that does not read makes the server keep a bounded amount', async (t) => {
  const server = await serveLane(t, { maxValueSize: 200_000 });
  server.cache.map.set('k', 'x'.repeat(200_000));
  const client = await server.connect();
  client.socket.pause();
  const requests = 2_000;
  const sent = client.send(GET.repeat(requests));
  const [socket] = server.accepted;
  if (socket === undefined) throw new Error('the connection was not accepted');
  await until(() => socket.writableLength > 0);
  // All that came at first has been read by then; more is not.
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { bytesRead } = socket;
  t.ok(socket.writableLength < 1_000_000, `keeps ${socket.writableLength} bytes of answers`);
  t.equal(server.limit.usage.inFlight, 1, 'the request is in flight until its answer has been taken');
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.equal(socket.bytesRead, bytesRead, 'nothing more is read');

  let received = 0;
  client.socket.removeAllListeners('data');
  client.socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  client.socket.resume();
  await sent;
  await until(() => received >= requests * 200_000);
  await until(() => server.limit.usage.inFlight === 0);
  t.equal(server.state.row(0).requests, requests);
  await client.send('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  await once(client.socket, 'data');
});

t.test('nor is more read from it', async (t) => {
  const server = await serveLane(t, { maxValueSize: 200_000 });
  server.cache.map.set('k', 'x'.repeat(200_000));
  const client = await server.connect();
  client.socket.pause();
  client.socket.write(GET.repeat(300_000));
  const [socket] = server.accepted;
  await until(() => (socket?.writableLength ?? 0) > 0);
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.ok((socket?.bytesRead ?? 0) < 500_000, `${socket?.bytesRead} bytes of ${300_000 * GET.length}`);
});

t.test('connections on which too little happens are ended', async (t) => {
  const timeouts = { headersTimeout: 100, requestTimeout: 300, keepAliveTimeout: 200 };
  const server = await serveLane(t, { tick: 20, timeouts });
  const seen = handOvers(server);
  const waiting: [name: string, sent: string, answer: RegExp][] = [
    ['no request', '', /^HTTP\/1.1 408 .*connection: close/s],
    ['half a head', 'GET /get/k HT', /^HTTP\/1.1 408 .*connection: close/s],
    ['half a body', store('k', 'value').slice(0, -1), /^HTTP\/1.1 408 .*connection: close/s],
    ['no other request', store('k', 'value'), /^HTTP\/1.1 200 OK\r\n((?!HTTP).)*$/s],
    ['half another request', `${GET}G`, /^HTTP\/1.1 (200|404) .*HTTP\/1.1 408 /s],
  ];
  await Promise.all(
    waiting.map(async ([name, sent, answer]) => {
      const client = await server.connect();
      await client.send(sent);
      t.match(await client.end(), answer, name);
      client.destroy();
    }),
  );
  await until(() => server.state.row(0).openConnections === 0);
  t.equal(server.limit.usage.inFlight, 0);
  t.equal(seen.count, 0);
});

t.test('the time for a request does not begin before it does', async (t) => {
  const timeouts = { headersTimeout: 500, requestTimeout: 500, keepAliveTimeout: 10_000 };
  const server = await serveLane(t, { tick: 20, timeouts });
  const client = await server.connect();
  await client.send(GET);
  t.equal((await client.answer()).status, 404);
  await new Promise((resolve) => setTimeout(resolve, 700));
  await client.send(GET.slice(0, 10));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await client.send(GET.slice(10));
  t.equal((await client.answer()).status, 404);
});

t.test('who goes in the middle of a body gives its place back', async (t) => {
  const server = await serveLane(t, { limit: limitOf(1, 10) });
  const slow = await server.connect();
  await slow.send(store('k', 'value').slice(0, -1));
  await until(() => server.limit.usage.inFlight === 1);
  slow.destroy();
  await until(() => server.state.row(0).openConnections === 0);
  t.equal(server.limit.usage.inFlight, 0);
});

/** A cache whose keys can't be had at once: those with `down` in them not at all, and others are no values. */
class Distant extends LocalCache {
  override readInto(...parts: Parameters<LocalCache['readInto']>): number {
    const [key, start, end] = parts;
    return Buffer.from(key.subarray(start, end)).includes('near') ? super.readInto(...parts) : UNCERTAIN;
  }

  override writeFrom(): boolean {
    return false;
  }

  override async get(key: StoreKey): Promise<ReadResult | undefined> {
    const name = await this.#reach(key);
    const found = await super.get(key);
    if (found === undefined || name.includes('near')) return found;
    return { ...found, source: name === 'past' ? 'stale' : 'miss' };
  }

  override async set(...entry: Parameters<LocalCache['set']>): Promise<void> {
    await this.#reach(entry[0]);
    await super.set(...entry);
  }

  async #reach(key: StoreKey): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    const name = Buffer.from(key).toString();
    if (name.includes('down')) throw new StoreUnavailableError(`ünreachable: "${name}"`, 0.5);
    if (name.includes('list')) throw new WrongTypeError('it is a list');
    if (name.includes('bug')) throw new Error('a bug');
    return name;
  }
}

t.test(
  'with a store behind the map the lane waits, in order, and answers as the Hapi server does',
  async (t) => {
    const setup = {
      cache: (map: SharedCache, state: ProcessState) => new Distant(map, state),
      maxMemory: 2 ** 22,
      maxValueSize: 100_000,
    };
    const [lane, hapi] = await Promise.all([
      serveLane(t, setup),
      serveLane(t, { ...setup, fastLane: false }),
    ]);
    const seen = handOvers(lane);
    const get = (key: string, method = 'GET'): string => `${method} /get/${key} HTTP/1.1\r\nHost: h\r\n\r\n`;
    for (const server of [lane, hapi]) {
      server.cache.map.setMany([
        ['near', 'near'],
        ['far', 'far'],
        ['past', 'past'],
        ['large', 'x'.repeat(99_000)],
      ]);
    }
    const streams = [
      get('near') + get('far') + get('near') + get('past') + get('far', 'HEAD') + get('none') + get('near'),
      store('a', 'value') + store('b', '') + get('near') + store('c', 'x'.repeat(90_000)) + get('large'),
      get('down') + get('near') + store('down', 'x') + get('down', 'HEAD') + get('far'),
      get('far') + get('list') + get('near') + store('list', 'x') + get('near'),
      get('far') + get('bug') + get('near'),
      get('large').repeat(40),
    ];
    for (const [i, stream] of streams.entries()) {
      const bytes = Buffer.from(stream);
      for (const pieces of [[bytes], [bytes.subarray(0, 50), bytes.subarray(50, 190), bytes.subarray(190)]]) {
        const [actual, expected] = await Promise.all([exchange(lane, pieces), exchange(hapi, pieces)]);
        t.equal(actual, expected, `stream ${i}, in ${pieces.length}`);
      }
    }
    t.strictSame(contents(lane), contents(hapi));
    t.strictSame(lane.state.row(0), hapi.state.row(0));
    t.strictSame(lane.limit.usage.inFlight, 0);
    // The last request of each exchange ends its connection, which is Hapi's to do.
    t.equal(seen.count, 2 * streams.length);
  },
);

t.test('a client that goes while its request waits for the store leaves nothing behind', async (t) => {
  const server = await serveLane(t, { cache: (map, state) => new Distant(map, state) });
  for (let i = 0; i < 20; i++) {
    const client = await server.connect();
    await client.send(GET + GET);
    client.socket.resetAndDestroy();
  }
  await until(() => server.state.row(0).openConnections === 0);
  t.equal(server.limit.usage.inFlight, 0);
});

t.test('while a data file is loaded hits are answered and misses wait', async (t) => {
  const server = await serveLane(t, {
    phase: 'loading',
    cache: (map: SharedCache, state: ProcessState) => new LocalCache(map, state),
  });
  server.cache.map.set('k', 'value');
  const client = await server.connect();
  await client.send(GET);
  t.equal((await client.answer()).text, 'value');
  await client.send('GET /get/later HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => server.state.row(0).requests === 2);
  server.cache.map.set('later', 'loaded');
  server.state.markLoaded();
  t.equal((await client.answer()).text, 'loaded');
});

t.test('a drain', async (t) => {
  const server = await serveLane(t);
  const { lane, acceptor } = server;
  if (lane === undefined) throw new Error('there is no lane');
  const drain = new ConnectionDrain(server.listener, () => false, acceptor, {
    sweep: (elapsed) => lane.closeIdle(elapsed > 1_000),
    cutOff: () => 0,
  });
  const [idle, unused, half, late] = [
    await server.connect(),
    await server.connect(),
    await server.connect(),
    await server.connect(),
  ];
  await idle.send(store('k', 'value'));
  await idle.answer();
  await late.send(GET);
  await late.answer();
  await half.send(store('k', 'new').slice(0, -2));
  await until(() => server.limit.usage.inFlight === 1);
  lane.retire();
  const drained = drain.drain(10_000);
  await half.send('ew');
  await late.send(GET);
  for (const client of [half, late]) {
    const answer = await client.answer();
    t.strictSame([answer.status, answer.headers.connection], [200, 'close'], 'requests are finished');
  }
  t.equal(await idle.end(), '', 'an idle connection ends without a word');
  t.equal(await unused.end(), '', 'so does one that was never used');
  for (const client of [idle, unused, half, late]) client.destroy();
  t.equal(await drained, 0);
  t.equal(acceptor.listening, false);
  t.equal(server.state.row(0).openConnections, 0);
});

t.test('clients that come and go leave nothing behind', async (t) => {
  const server = await serveLane(t);
  const pieces = [
    GET.repeat(3),
    store('k', 'value'),
    GET.slice(0, 9),
    store('k', 'v').slice(0, -1),
    'x\r\n\r\n',
    '',
  ];
  const connections = Math.ceil(1_000 * Number(process.env.HOTSHARD_EFFORT ?? 0.1));
  for (let i = 0; i < connections; i++) {
    const client = await server.connect();
    await client.send(pieces[i % pieces.length] ?? '');
    if (i % 2 === 0) client.socket.resetAndDestroy();
    else client.destroy();
  }
  await until(() => server.state.row(0).openConnections === 0);
  t.equal(server.state.row(0).connections, connections);
  t.strictSame([server.limit.usage.inFlight, server.limit.usage.waiting], [0, 0]);
});
