/** Reads with a Redis behind the map: asked once, with what is left of its time to live, absent keys too. */
import t from 'tap';
import { startReady } from '../fixtures/hotshard.js';
import { startRedis } from '../fixtures/redis-server.js';
import { startProxy } from '../fixtures/tcp-proxy.js';
import { until } from '../fixtures/until.js';

const redis = await startRedis(t);
const direct = redis.client();
const [hotshard, bounded] = await Promise.all([
  startReady(t, { args: ['--redis', redis.url, '--max-value-size', '2kb'] }),
  startReady(t, { args: ['--redis', redis.url, '--ttl', '60s'], workers: 1 }),
]);
const { client } = hotshard;

/** How often Redis has been asked for a value. */
async function gets(): Promise<number> {
  const info = await direct.info('commandstats');
  return Number(/cmdstat_get:calls=(\d+)/.exec(info)?.[1] ?? 0);
}

t.test('a value that Redis has is a miss once, then a hit, on every path', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await direct.set('bytes', bytes);
  t.match(await client.get('bytes'), { status: 200, bytes, headers: { 'x-cache': 'miss' } });
  t.match(await client.get('bytes'), { status: 200, bytes, headers: { 'x-cache': 'hit' } });
  await direct.set('text', 'v');
  t.match(await client.ask('GET', '/?key=text'), { text: 'v', headers: { 'x-cache': 'miss' } });
  t.match(await client.ask('GET', '/lookup?key=text'), { status: 200, headers: { 'x-cache': 'hit' } });
});

t.test('a value lives as long as in Redis', async (t) => {
  await direct.set('short', 'v', 'PX', 400);
  t.equal(await client.value('short'), 'v');
  await client.untilValue('short', undefined);
  t.equal(await direct.exists('short'), 0);
});

t.test('and no longer than --ttl', async (t) => {
  await direct.set('long', 'v', 'PX', 1_000_000);
  const brief = await startReady(t, { args: ['--redis', redis.url, '--ttl', '200ms'], workers: 1 });
  t.equal(await brief.client.value('long'), 'v');
  const before = await gets();
  await brief.client.until('/get/long', ({ headers }) => headers['x-cache'] === 'miss');
  t.ok((await gets()) > before);
  await direct.set('shorter', 'v', 'PX', 300);
  t.equal(await bounded.client.value('shorter'), 'v');
  await bounded.client.untilValue('shorter', undefined);
});

t.test('an absent key is remembered, counted apart, and forgotten when anybody writes it', async (t) => {
  const before = await gets();
  const absent = await client.counted('absentHits');
  for (let i = 0; i < 5; i++) t.equal(await client.value('absent'), undefined);
  t.equal(await gets(), before + 1);
  t.equal(await client.counted('absentHits'), absent + 4);
  await direct.set('absent', 'v');
  await client.untilValue('absent', 'v');
  await direct.del('absent');
  await client.untilValue('absent', undefined);
  await bounded.client.set('absent', 'w');
  await client.untilValue('absent', 'w');
});

t.test('a value larger than --max-value-size is passed on, and fetched each time', async (t) => {
  const large = 'x'.repeat(3000);
  await direct.set('large', large);
  for (let i = 0; i < 2; i++) {
    t.match(await client.get('large'), { status: 200, text: large, headers: { 'x-cache': 'miss' } });
  }
});

t.test('one fetch for all who wait, on all workers', async (t) => {
  const proxy = await startProxy(t, redis);
  const held = await startReady(t, { args: ['--redis', proxy.url] });
  const clients = await held.clients();
  await direct.set('wanted', 'v');
  const before = await gets();
  const fetches = await client.counted('fetches');
  const release = proxy.hold({ direction: 'to client' });
  const reads = clients.flatMap(() => Array.from({ length: 20 }, () => held.client.get('wanted')));
  const each = clients.map((one) => one.get('wanted'));
  await until(async () => (await gets()) > before);
  release();
  for (const { status, text } of await Promise.all([...reads, ...each]))
    t.equal(`${status} ${text}`, '200 v');
  t.equal(await gets(), before + 1);
  t.equal(await held.client.counted('fetches'), 1);
  t.equal(await client.counted('fetches'), fetches, 'by this process');
});

t.end();
