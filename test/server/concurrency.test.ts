/** The concurrency limit as clients meet it: who waits, who is turned away, and that no place is ever lost. */
import http from 'node:http';
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, type TieredCache, UNCERTAIN } from '../../src/store/tiered.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { held } from './held-cache.js';
import { limitOf, serve, until } from './server-under-test.js';

t.test('past both limits: 503 at once, and health all the same', async (t) => {
  const limit = limitOf(2, 1);
  const { cache, made } = held();
  const { ask, state, connect } = await serve(t, { limit, cache });
  const inside = [ask('GET', '/get/a'), ask('GET', '/get/b')];
  await until(() => made().busy === 2);
  const waiting = ask('GET', '/get/c');
  await until(() => limit.usage.waiting === 1);

  const refused = await ask('GET', '/get/d');
  t.equal(refused.status, 503);
  t.equal(refused.headers['retry-after'], '1');
  t.match(JSON.parse(refused.text), { statusCode: 503, error: 'Service Unavailable' });

  const lookup = await ask('GET', '/v1/lookup?key=d');
  t.equal(lookup.status, 503);
  t.equal(lookup.headers['retry-after'], '1');
  t.equal(lookup.text, '{"key":"d","value":null,"status":503}');

  for (const path of ['/', '/stats', '/get/near', '/lookup', '/nowhere']) {
    t.equal((await ask('GET', path)).status, 503, `${path}, although it would not have to wait`);
  }

  const client = await connect();
  await client.send('POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n');
  t.equal((await client.answer()).status, 503, 'before the body has come');
  await client.send(Buffer.alloc(1_000_000));
  t.equal(await client.end(), '', 'ended, not reset');

  for (const path of ['/healthz', '/readyz', '/v1/healthz', '/v1/readyz']) {
    t.equal((await ask('GET', path)).status, 200, path);
  }
  t.strictSame([state.row(0).errors, state.row(0).rejected], [8, 8], 'refusals are counted');

  made().gate.resolve();
  t.strictSame(
    (await Promise.all([...inside, waiting])).map(({ text }) => text),
    ['a', 'b', 'c'],
  );
  await until(() => limit.usage.inFlight === 0);
  t.equal(limit.usage.waiting, 0);
});

t.test('who has waited too long gets 503', async (t) => {
  const limit = limitOf(1, 10, 50);
  const { cache, made } = held();
  const { ask } = await serve(t, { limit, cache });
  const inside = ask('GET', '/get/a');
  await until(() => made().busy === 1);
  const late = await Promise.all([ask('GET', '/get/b'), ask('GET', '/lookup?key=c')]);
  t.strictSame(
    late.map(({ status, headers }) => [status, headers['retry-after']]),
    [
      [503, '1'],
      [503, '1'],
    ],
  );
  t.equal(limit.usage.waiting, 0);
  made().gate.resolve();
  t.equal((await inside).status, 200);
});

t.test('a client that goes away leaves the queue, or frees its place', async (t) => {
  const limit = limitOf(1, 10);
  const { cache, made } = held();
  const { ask, connect } = await serve(t, { limit, cache });
  const inside = await connect();
  await inside.send('GET /get/a HTTP/1.1\r\nHost: h\r\n\r\n');
  await until(() => made().busy === 1);
  for (const request of [
    'GET /get/b HTTP/1.1\r\nHost: h',
    'POST /store/b HTTP/1.1\r\nHost: h\r\nContent-Length: 1',
  ]) {
    const waiting = await connect();
    await waiting.send(`${request}\r\n\r\n`);
    await until(() => limit.usage.waiting === 1);
    waiting.destroy();
    await until(() => limit.usage.waiting === 0);
  }
  const last = ask('GET', '/healthz?wait').then(() => ask('GET', '/get/c'));
  await until(() => limit.usage.waiting === 1);
  inside.destroy();
  await until(() => made().busy === 2);
  made().gate.resolve();
  t.equal((await last).text, 'c');
  await until(() => limit.usage.inFlight === 0);
});

t.test('every way a request can end frees its place', async (t) => {
  const limit = limitOf(3, 100);
  const { ask } = await serve(t, { limit, maxValueSize: 10 });
  const requests: [method: string, path: string, body?: string][] = [
    ['GET', '/'],
    ['HEAD', '/get/k'],
    ['GET', '/get/%FF'],
    ['GET', '/nowhere'],
    ['PATCH', '/'],
    ['POST', '/store/k', 'v'],
    ['POST', '/store/k', 'v'.repeat(11)],
    ['POST', '/store/k?ttl=x', 'v'],
    ['DELETE', '/store/k'],
    ['GET', '/healthz'],
    ['GET', '/lookup'],
  ];
  for (const [method, path, body] of requests) {
    await Promise.all(
      Array.from({ length: 10 }, () => ask(method, path, body === undefined ? {} : { body })),
    );
    await until(() => limit.usage.inFlight === 0);
    t.equal(limit.usage.waiting, 0, `${method} ${path}`);
  }
});

t.test('two workers under load never have more in flight than the limit, and all are answered', async (t) => {
  const handle = ConcurrencyLimit.create({ concurrencyLimit: 4, backlogLimit: 1000, workers: 2 });
  const state = ProcessState.create(2);
  let busy = 0;
  let mostBusy = 0;
  class Slow extends LocalCache {
    override async get(key: string): Promise<ReadResult | undefined> {
      busy += 1;
      mostBusy = Math.max(mostBusy, busy);
      await new Promise((resolve) => setImmediate(resolve));
      busy -= 1;
      return { value: Buffer.from(key), source: 'hit' };
    }
    override readInto(): number {
      return UNCERTAIN;
    }
  }
  const cache = (map: SharedCache): TieredCache => new Slow(map, state);
  const servers = await Promise.all(
    [0, 1].map((worker) =>
      serve(t, { state, cache, worker, limit: ConcurrencyLimit.attach(handle, worker) }),
    ),
  );
  const agent = new http.Agent({ keepAlive: true, maxSockets: 50 });
  t.teardown(() => agent.destroy());
  const get = (port: number): Promise<number> =>
    new Promise((resolve, reject) => {
      const request = http.get({ port, path: '/get/k', agent }, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      request.on('error', reject);
    });
  const answers = await Promise.all(
    servers.flatMap(({ port }) => Array.from({ length: 500 }, () => get(port))),
  );
  t.ok(answers.every((status) => status === 200));
  t.equal(mostBusy, 4, 'the limit is reached, not passed');
  await until(() => ConcurrencyLimit.attach(handle, 0).usage.inFlight === 0);
  t.strictSame([state.row(0).requests, state.row(1).requests], [500, 500], 'each worker counts its own');
});
