/** What is counted of requests, whoever answers them: the fast lane, the short cut of HTTP/2, or Hapi. */
import t from 'tap';
import type { StoreKey } from '../../src/store/backing-store.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, StoreUnavailableError, UNCERTAIN } from '../../src/store/tiered.js';
import { EXPOSITION_TYPE } from '../../src/telemetry/exposition.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { type Protocol, SERIES } from '../../src/telemetry/requests.js';
import { limitOf, serve, speak, until } from '../server/server-under-test.js';
import { serveLane } from '../wire/lane-under-test.js';
import { readExposition, sampleOf } from './read-exposition.js';

/** The requests that were answered, in words. */
function answered({ requests }: ProcessState): Record<string, number> {
  const all = SERIES.map(({ protocol, operation, status }, number): [string, number] => [
    `${protocol} ${operation} ${status}`,
    requests.total(number),
  ]);
  return Object.fromEntries(all.filter(([, total]) => total > 0));
}

/** How many requests are in the histogram. */
function timed({ requests }: ProcessState, protocol: Protocol): number {
  return requests.histogram(protocol).counts.reduce((sum, count) => sum + count, 0);
}

function request(method: string, path: string, body?: string): string {
  const length = body === undefined ? '' : `Content-Length: ${body.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: h\r\n${length}\r\n${body ?? ''}`;
}

const PIPELINED = [
  request('PUT', '/store/a', 'value'),
  request('GET', '/get/a'),
  request('GET', '/get/a'),
  request('HEAD', '/get/absent'),
  request('GET', '/get/absent'),
  request('GET', '/'),
];

for (const fastLane of [true, false]) {
  t.test(fastLane ? 'the fast lane' : 'the same by Hapi', async (t) => {
    const server = await serveLane(t, { fastLane, worker: 1, state: ProcessState.create(2) });
    const { state } = server;
    let isHapi = false;
    server.listener.once('connection', () => {
      isHapi = true;
    });
    await (await server.connect()).send(PIPELINED.join(''));
    await until(() => timed(state, 'http1') === PIPELINED.length);
    t.equal(isHapi, !fastLane);
    t.strictSame(answered(state), {
      'http1 get 2xx': 2,
      'http1 get 4xx': 2,
      'http1 set 2xx': 1,
      'http1 other 2xx': 1,
    });
    t.equal(state.row(1).requests, PIPELINED.length);
    const { seconds } = state.requests.histogram('http1');
    t.ok(seconds > 0 && seconds < 60, `${seconds} s`);
  });
}

/** As if behind the map there were a store that answers when it is told to, and not at all for keys that say so. */
class Distant extends LocalCache {
  readonly waiting: (() => void)[] = [];

  override readInto(): number {
    return UNCERTAIN;
  }

  override writeFrom(): boolean {
    return false;
  }

  override async get(key: StoreKey): Promise<ReadResult | undefined> {
    await this.#reach(key);
    return super.get(key);
  }

  override async set(...entry: Parameters<LocalCache['set']>): Promise<void> {
    await this.#reach(entry[0]);
    await super.set(...entry);
  }

  async #reach(key: StoreKey): Promise<void> {
    await new Promise<void>((resolve) => this.waiting.push(resolve));
    if (Buffer.from(key).includes('down')) throw new StoreUnavailableError('out of reach', 1);
  }
}

t.test('a request that waits for the store takes all that time', async (t) => {
  const caches: Distant[] = [];
  const { state, connect } = await serveLane(t, {
    cache: (map, shared) => {
      const cache = new Distant(map, shared);
      caches.push(cache);
      return cache;
    },
  });
  const [cache] = caches;
  const requests = [
    request('GET', '/get/absent'),
    request('PUT', '/store/far', 'x'),
    request('GET', '/get/far'),
    request('GET', '/get/down'),
    request('PUT', '/store/down', 'x'),
  ];
  const client = await connect();
  await client.send(requests.join(''));
  for (const [index] of requests.entries()) {
    await until(() => cache?.waiting.length === index + 1);
    t.equal(timed(state, 'http1'), index, 'not counted before it is answered');
    if (index === 0) await new Promise((resolve) => setTimeout(resolve, 30));
    cache?.waiting[index]?.();
  }
  await until(() => timed(state, 'http1') === requests.length);
  t.ok(state.requests.histogram('http1').seconds >= 0.025);
  t.strictSame(answered(state), {
    'http1 get 2xx': 1,
    'http1 get 4xx': 1,
    'http1 get 5xx': 1,
    'http1 set 2xx': 1,
    'http1 set 5xx': 1,
  });
});

t.test('requests that are turned away', async (t) => {
  const limit = limitOf(1, 0);
  const { state, ask } = await serve(t, { limit });
  limit.tryAcquire();
  t.equal((await ask('GET', '/get/a')).status, 503);
  t.equal((await ask('GET', '/lookup?key=a')).status, 503);
  t.equal((await ask('GET', '/healthz')).status, 200);
  limit.release();
  await until(() => timed(state, 'http1') === 3);
  t.strictSame(answered(state), { 'http1 get 5xx': 1, 'http1 lookup 5xx': 1, 'http1 other 2xx': 1 });
  t.equal(state.row(0).rejected, 2);
});

t.test('a client that has gone before its answer', async (t) => {
  const caches: Distant[] = [];
  const { state, connect } = await serve(t, {
    cache: (map, shared) => {
      const cache = new Distant(map, shared);
      caches.push(cache);
      return cache;
    },
  });
  const client = await connect();
  await client.send(request('GET', '/get/a'));
  await until(() => caches[0]?.waiting.length === 1);
  client.destroy();
  await until(() => timed(state, 'http1') === 1);
  t.strictSame(answered(state), { 'http1 get none': 1 });
});

t.test('GET /metrics, and by HTTP/2', async (t) => {
  const { ask } = await serve(t);
  for (const path of ['/metrics', '/v1/metrics']) {
    const { status, headers, text } = await ask('GET', path);
    t.equal(status, 200);
    t.equal(headers['content-type'], EXPOSITION_TYPE);
    t.ok(readExposition(text).has('hotshard_requests_total'));
    const head = await ask('HEAD', path);
    t.match(head, { status: 200, text: '', headers: { 'content-type': EXPOSITION_TYPE } });
    const wrong = await ask('POST', path);
    t.match(wrong, { status: 405, headers: { allow: /GET/ } });
  }
  speak('h2c');
  for (const shortCut of [true, false]) {
    const { state, ask: askHttp2 } = await serve(t, { shortCut });
    for (const path of ['/get/a', '/store/a', '/get/a', '/get/%61', '/lookup?key=a', '/nowhere']) {
      await askHttp2(path.startsWith('/store') ? 'PUT' : 'GET', path, { body: '' });
    }
    await until(() => timed(state, 'http2') === 6);
    t.strictSame(answered(state), {
      'http2 get 2xx': 2,
      'http2 get 4xx': 1,
      'http2 set 2xx': 1,
      'http2 lookup 2xx': 1,
      'http2 other 4xx': 1,
    });
    const { text } = await askHttp2('GET', '/metrics');
    const labels = '{protocol="http2",op="get",status="2xx"}';
    t.equal(sampleOf(text, 'hotshard_requests_total', labels), 2);
  }
});
