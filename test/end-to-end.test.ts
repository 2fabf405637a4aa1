/**
 * hotshard with a Redis behind it, as its users meet them. Both are started here, or are those that HOTSHARD_TEST_URL
 * and HOTSHARD_TEST_REDIS_URL name: `docker compose --profile test run --rm tests` runs this against containers.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import { Client, startReady } from './store/fixtures/hotshard.js';
import { startRedis } from './store/fixtures/redis-server.js';

async function servers(t: Test): Promise<{ client: Client; redis: Redis }> {
  const { HOTSHARD_TEST_URL, HOTSHARD_TEST_REDIS_URL } = process.env;
  if (HOTSHARD_TEST_URL === undefined || HOTSHARD_TEST_REDIS_URL === undefined) {
    const server = await startRedis(t);
    const { client } = await startReady(t, { args: ['--redis', server.url] });
    return { client, redis: connected(t, server.url) };
  }
  const client = new Client(HOTSHARD_TEST_URL, 8);
  t.teardown(() => client.close());
  return { client, redis: connected(t, HOTSHARD_TEST_REDIS_URL) };
}

function connected(t: Test, url: string): Redis {
  const redis = new Redis(url);
  t.teardown(() => redis.disconnect());
  return redis;
}

t.test('a value goes through to Redis, and what others change there is seen', async (t) => {
  const { client, redis } = await servers(t);
  // A Redis that is not the test's own has the keys of former runs.
  const key = `end-to-end:${randomUUID()}`;
  t.equal((await client.ask('GET', '/readyz')).text, 'serving');

  t.equal(await client.value(key), undefined, 'there is nothing yet');
  const bytes = Buffer.from([0, 255, 10, 13, 128]);
  t.equal((await client.set(key, bytes)).status, 200);
  t.strictSame((await client.get(key)).bytes, bytes, 'bytes come back as they were');
  t.strictSame(await redis.getBuffer(key), bytes, 'and are in Redis');

  await redis.set(key, 'changed');
  const changed = await client.untilValue(key, 'changed');
  t.match(changed.headers['x-cache'], /^(?:hit|miss)$/);
  const lookup = await client.ask('GET', `/lookup?key=${key}`);
  t.strictSame(JSON.parse(lookup.text), { key, value: 'changed', status: 200 });
  const hit = await client.until(`/get/${key}`, ({ headers }) => headers['x-cache'] === 'hit');
  t.equal(hit.text, 'changed', 'it is cached');

  t.equal((await client.set(key, 'short', 60)).status, 200);
  const left = await redis.pttl(key);
  t.ok(left > 0 && left <= 60_000, 'the time to live goes through too');

  t.equal((await client.delete(key)).status, 204);
  t.equal((await client.delete(key)).status, 404);
  t.equal(await redis.exists(key), 0);
  t.equal(await client.value(key), undefined);
});

t.test('it says what it can do, and how it is', async (t) => {
  const { client } = await servers(t);
  const document = JSON.parse((await client.ask('GET', '/v1/openapi.json')).text);
  const stats = JSON.parse((await client.ask('GET', '/v1/stats')).text);
  t.equal(document.info.version, stats.version);
  t.match(stats, { phase: 'serving', limits: { concurrencyLimit: Number } });
});
