/** What is answered although all places of the concurrency limit are taken, and what has to wait for one. */
import t from 'tap';
import type { SharedCache } from '../../shards/index.js';
import { ConcurrencyLimit } from '../../src/limits/concurrency.js';
import { LocalCache } from '../../src/store/local.js';
import { type ReadResult, type TieredCache, UNCERTAIN } from '../../src/store/tiered.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { held } from './held-cache.js';
import { limitOf, serve, until } from './server-under-test.js';

t.test('what need not wait is answered although all places are taken', async (t) => {
  const limit = limitOf(2, 4);
  const { cache, made } = held();
  const { ask, connect, state } = await serve(t, { limit, cache, maxValueSize: 100_000 });
  const { map } = made();
  const long = 'x'.repeat(90_000);
  map.setMany([
    ['near', 'value'],
    ['near-long', long],
    ['near-empty', ''],
  ]);
  const inside = await connect();
  await inside.send('POST /store/slow HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nvalu');
  const far = ask('GET', '/get/a');
  await until(() => made().busy === 1 && limit.usage.inFlight === 2);
  const queued = [ask('GET', '/get/b'), ask('GET', '/lookup?key=c'), ask('GET', '/?key=d')];
  await until(() => limit.usage.waiting === 3);

  const { requests } = state.row(0);
  const answers: [method: string, path: string, status: number, text?: string][] = [
    ['GET', '/', 200, 'Hello, World!'],
    ['GET', '/get/near', 200, 'value'],
    ['GET', '/v1/get/near', 200, 'value'],
    ['GET', '/get/near-long', 200, long],
    ['GET', '/get/near-empty', 200, ''],
    ['GET', '/get/near-none', 404, 'No value found for key'],
    ['HEAD', '/get/near', 200, ''],
    ['GET', '/?key=near', 200, 'value'],
    ['GET', '/?key=near-none', 404, 'Key not found'],
    ['GET', '/lookup?key=near', 200, '{"key":"near","value":"value","status":200}'],
    ['HEAD', '/lookup?key=near-none', 404, ''],
    ['GET', '/get/%FF', 400],
    ['PATCH', '/get/near', 405],
    ['GET', '/nowhere', 404],
    ['GET', '/metrics', 200],
    ['GET', '/healthz', 200, 'ok'],
  ];
  for (const [method, path, status, text] of answers) {
    const answer = await ask(method, path);
    t.strictSame(
      [answer.status, text ?? answer.text],
      [status, answer.text],
      `${method} ${path.slice(0, 30)}`,
    );
  }
  const stored = await ask('PUT', '/store/near-new?ttl=60', { body: 'new' });
  t.equal(stored.status, 200, 'a write whose body is there');
  t.equal((await ask('GET', '/get/near-new')).text, 'new');
  t.equal(map.ttl('near') === Number.POSITIVE_INFINITY && Number(map.ttl('near-new')) <= 60_000, true);
  t.match(JSON.parse((await ask('GET', '/stats')).text), { limits: { inFlight: 2, waiting: 3 } });
  t.equal(state.row(0).requests, requests + answers.length + 3, 'all are counted');
  t.equal(state.row(0).rejected, 0);

  const last = await connect();
  await last.send('POST /store/k HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nx');
  await until(() => limit.usage.waiting === 4);
  t.equal((await ask('GET', '/get/near')).status, 503, 'the backlog is full');
  t.equal(made().busy, 1, 'nobody has passed the queue');

  await inside.send('e');
  t.equal((await inside.answer()).status, 200);
  await until(() => made().busy === 2);
  t.equal(limit.usage.waiting, 3, 'one that ends lets one in');
  made().gate.resolve();
  t.strictSame(
    (await Promise.all([far, ...queued])).map(({ text }) => text),
    ['a', 'b', '{"key":"c","value":"c","status":200}', 'd'],
  );
  await last.send('x');
  t.equal((await last.answer()).status, 200);
  await until(() => limit.usage.inFlight === 0);
  t.equal(limit.usage.waiting, 0);
  t.equal(made().mostBusy, 2);
});

t.test(
  'what has to wait for a store waits for a place before, and is turned away in the form of its path',
  async (t) => {
    const limit = limitOf(1, 10, 50);
    class Distant extends LocalCache {
      readonly reached: string[] = [];
      override readInto(): number {
        return UNCERTAIN;
      }
      override writeFrom(): boolean {
        return false;
      }
      override async get(key: string): Promise<ReadResult | undefined> {
        this.reached.push(key);
        return undefined;
      }
      override async set(key: string): Promise<void> {
        this.reached.push(key);
      }
      override async delete(key: string): Promise<boolean> {
        this.reached.push(key);
        return true;
      }
    }
    let made: Distant | undefined;
    const cache = (map: SharedCache, state: ProcessState): TieredCache => {
      made = new Distant(map, state);
      return made;
    };
    const { ask, state } = await serve(t, { limit, cache });
    const requests: (readonly [method: string, path: string, body?: string])[] = [
      ['GET', '/get/a'],
      ['GET', '/?key=b'],
      ['GET', '/lookup?key=c'],
      ['PUT', '/store/d', 'v'],
      ['DELETE', '/store/e'],
      ['POST', '/', '["GET","f"]'],
    ];
    const askOne = ([method, path, body]: (typeof requests)[number]) =>
      ask(method, path, body === undefined ? {} : { body });
    t.ok(limit.tryAcquire());
    const late = await Promise.all([...requests, ['GET', '/stats?hot=1'] as const].map(askOne));
    t.strictSame(
      late.map(({ status, headers }) => [status, headers['retry-after']]),
      late.map(() => [503, '1']),
    );
    t.equal(late[2]?.text, '{"key":"c","value":null,"status":503}');
    t.match(JSON.parse(late[0]?.text ?? ''), { statusCode: 503, error: 'Service Unavailable' });
    t.strictSame(made?.reached, []);
    t.equal(state.row(0).rejected, late.length);
    limit.release();
    const statuses: number[] = [];
    for (const request of requests) statuses.push((await askOne(request)).status);
    t.strictSame(statuses, [404, 404, 404, 200, 204, 200]);
    t.strictSame(made?.reached.map(String), ['a', 'b', 'c', 'd', 'e', 'f']);
    await until(() => limit.usage.inFlight === 0);
    t.equal(limit.usage.waiting, 0);
  },
);

t.test('over two workers', async (t) => {
  const handle = ConcurrencyLimit.create({ concurrencyLimit: 2, backlogLimit: 2, workers: 2 });
  const state = ProcessState.create(2);
  const caches = [held(), held()] as const;
  const [one, other] = await Promise.all(
    caches.map(({ cache }, worker) =>
      serve(t, { state, cache, worker, limit: ConcurrencyLimit.attach(handle, worker) }),
    ),
  );
  if (one === undefined || other === undefined) throw new Error('there are two');
  const limit = ConcurrencyLimit.attach(handle, 0);
  for (const { made } of caches) made().map.set('near', 'value');
  const slow = ['a', 'b'].map((key) => one.ask('GET', `/get/${key}`));
  await until(() => caches[0].made().busy === 2);

  const misses = [other.ask('GET', '/get/c')];
  await until(() => limit.usage.waiting === 1);
  for (const { ask } of [one, other]) t.equal((await ask('GET', '/get/near')).text, 'value', 'at once');
  misses.push(one.ask('GET', '/get/d'));
  await until(() => limit.usage.waiting === 2);
  for (const { ask } of [one, other]) t.equal((await ask('GET', '/get/near')).status, 503);

  t.strictSame([caches[0].made().busy, caches[1].made().busy], [2, 0]);
  for (const { made } of caches) made().gate.resolve();
  t.strictSame(
    (await Promise.all([...slow, ...misses])).map(({ text }) => text),
    ['a', 'b', 'c', 'd'],
  );
  await until(() => limit.usage.inFlight === 0);
  t.equal(limit.usage.waiting, 0);
});
