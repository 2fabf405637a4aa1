/** A Redis that is away, hangs, is slow or says no: what is still served, what is refused and how fast, and what comes after. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type Answer, type Client, type Hotshard, startHotshard, startReady } from '../fixtures/hotshard.js';
import { type RedisServer, startRedis } from '../fixtures/redis-server.js';
import { startProxy } from '../fixtures/tcp-proxy.js';
import { until } from '../fixtures/until.js';

/** An answer is due within a second or two, and long before this many milliseconds even on a busy machine. */
const BOUND = 10_000;

interface Setting {
  readonly redis: RedisServer;
  readonly hotshard: Hotshard;
  readonly client: Client;
}

/** A Redis, and a hotshard that has `k` = `old` in its map. */
async function setUp(
  t: Test,
  { through = false, args = [] as readonly string[] } = {},
): Promise<Setting & { readonly proxy: Awaited<ReturnType<typeof startProxy>> | undefined }> {
  const redis = await startRedis(t);
  const proxy = through ? await startProxy(t, redis) : undefined;
  const hotshard = await startReady(t, { args: ['--redis', proxy?.url ?? redis.url, ...args], workers: 2 });
  const { client } = hotshard;
  await client.set('k', 'old');
  return { redis, hotshard, client, proxy };
}

function isRefused(t: Test, answer: Answer, name: string): void {
  t.match(answer, { status: 503, headers: { 'retry-after': '1' } }, name);
  t.match(JSON.parse(answer.text), { statusCode: 503, error: 'Service Unavailable', message: /Redis/ }, name);
}

/** What holds while Redis can't be asked. */
async function isOut(t: Test, client: Client): Promise<void> {
  // Another key each time: that one is absent may be remembered from before.
  let asked = 0;
  await until(async () => (await client.get(`unasked ${asked++}`)).status === 503);
  const begun = performance.now();
  t.match(await client.get('k'), { status: 200, text: 'old', headers: { 'x-cache': 'hit' } });
  isRefused(t, await client.get('missing'), 'a read that needs Redis');
  isRefused(t, await client.set('j', 'v'), 'a write');
  isRefused(t, await client.delete('j'), 'a removal');
  const lookup = await client.ask('GET', '/lookup?key=missing');
  t.match(lookup, { status: 503, headers: { 'retry-after': '1' } });
  t.same(JSON.parse(lookup.text), { key: 'missing', value: null, status: 503 });
  const many = await Promise.all(Array.from({ length: 50 }, (_, i) => client.set(`many${i}`, 'v')));
  t.ok(many.every(({ status }) => status === 503));
  t.equal((await client.ask('GET', '/healthz')).status, 200);
  t.equal((await client.ask('GET', '/readyz')).status, 200);
  t.ok(performance.now() - begun < BOUND);
  t.ok((await client.counted('storeErrors')) > 50);
}

/** What holds once Redis is back, with `k` = `value`. */
async function isBack(t: Test, { hotshard, redis }: Setting, value: string | undefined): Promise<void> {
  const direct = redis.client();
  for (const client of await hotshard.clients()) {
    // The other workers may be back already, and have cached what this one could not ask for.
    await until(async () => (await client.set('after', 'v')).status === 200);
    await client.untilValue('k', value);
    for (let i = 0; i < 5; i++) t.equal(await client.value('k'), value);
  }
  t.equal(await direct.get('after'), 'v');
  await direct.set('k', 'changed');
  await hotshard.client.untilValue('k', 'changed');
}

const outages: Record<string, (t: Test) => Promise<void>> = {
  'stopped, and started again without data': async (t) => {
    const setting = await setUp(t);
    await setting.redis.stop();
    await isOut(t, setting.client);
    await setting.redis.restart();
    await isBack(t, setting, undefined);
  },
  'killed, and started again with other data': async (t) => {
    const setting = await setUp(t);
    const { redis, client } = setting;
    const direct = redis.client();
    await direct.set('k', 'other');
    await direct.save();
    await client.untilValue('k', 'other');
    await direct.set('k', 'old');
    await client.untilValue('k', 'old');
    await redis.kill();
    await isOut(t, client);
    await redis.restart();
    await isBack(t, setting, 'other');
  },
  'standing still, and going on': async (t) => {
    const setting = await setUp(t);
    const { redis, client } = setting;
    redis.pause();
    await isOut(t, client);
    redis.resume();
    await isBack(t, setting, 'old');
  },
  'slow beyond its deadline': async (t) => {
    const setting = await setUp(t, { through: true });
    const undo = setting.proxy?.delay(1_500);
    await isOut(t, setting.client);
    undo?.();
    await isBack(t, setting, 'old');
  },
  'in a black hole': async (t) => {
    const setting = await setUp(t, { through: true });
    const { client, redis, proxy } = setting;
    const release = proxy?.hold();
    const write = await client.set('k', 'perhaps');
    t.equal(write.status, 503);
    t.equal((await client.get('k')).status, 503, 'what it may have become is not known');
    await redis.client().set('k', 'new');
    proxy?.cut();
    release?.();
    await isBack(t, setting, 'new');
  },
  'refusing connections': async (t) => {
    const setting = await setUp(t, { through: true });
    setting.proxy?.refuse();
    setting.proxy?.cut();
    await isOut(t, setting.client);
    await setting.redis.client().set('k', 'new');
    await setting.proxy?.accept();
    await isBack(t, setting, 'new');
  },
  'loading its data': async (t) => {
    const setting = await setUp(t);
    const { redis, client } = setting;
    const direct = redis.client();
    await direct.set('k', 'loaded');
    const many = Array.from({ length: 1000 }, (_, i) => [`filler${i}`, 'x']).flat();
    await direct.mset(many);
    await direct.save();
    await direct.set('k', 'old');
    await client.untilValue('k', 'old');
    // Each key takes its time, in microseconds.
    await redis.restart({
      arguments: ['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024'],
      isLoading: true,
    });
    await isOut(t, client);
    await isBack(t, setting, 'loaded');
  },
  'asking for another password': async (t) => {
    const setting = await setUp(t);
    const { redis, client } = setting;
    const direct = redis.client();
    await direct.config('SET', 'requirepass', 'secret');
    await direct.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await isOut(t, client);
    t.match(await setting.hotshard.logged('Redis at'), { level: 40, msg: /out of reach/ });
    await until(() => setting.hotshard.log.some(({ msg }) => /NOAUTH|WRONGPASS/.test(msg)));
    await direct.config('SET', 'requirepass', '');
    await isBack(t, setting, 'old');
  },
};

// They wait more than they work.
t.jobs = 4;
for (const [name, outage] of Object.entries(outages)) {
  t.test(`a Redis that is ${name}`, { buffered: true }, outage);
}

t.test('a Redis that can not be reached at the start', { buffered: true }, async (t) => {
  const redis = await startRedis(t, { password: 'secret' });
  const proxy = await startProxy(t, redis);
  proxy.refuse();
  const [hotshard, wrong] = await Promise.all([
    startHotshard(t, { args: ['--redis', `redis://:secret@127.0.0.1:${proxy.port}`] }),
    startHotshard(t, { args: ['--redis', `redis://:wrong@127.0.0.1:${redis.port}`], workers: 1 }),
  ]);
  const { client } = hotshard;
  t.match(await client.ask('GET', '/readyz'), { status: 503, text: 'starting' });
  t.equal((await client.ask('GET', '/healthz')).status, 200);
  isRefused(t, await client.get('k'), 'a read');
  isRefused(t, await client.set('k', 'v'), 'a write');
  t.match(await hotshard.logged('Redis at'), { level: 40, msg: /ECONNREFUSED.*trying again/ });
  await proxy.accept();
  await hotshard.untilReady();
  t.equal((await client.set('k', 'v')).status, 200);
  t.match(await hotshard.logged('connected to Redis'), { level: 30 });

  t.match(await wrong.logged('Redis at'), { level: 40, msg: /WRONGPASS/ });
  t.strictSame(
    wrong.log.filter(({ msg }) => /wrong\b/.test(msg)),
    [],
    'the password is not logged',
  );
  t.match(await wrong.client.ask('GET', '/readyz'), { status: 503, text: 'starting' });
  await redis.client().config('SET', 'requirepass', 'wrong');
  await wrong.untilReady();
});

t.test('a Redis that drops every connection at once is asked after longer and longer pauses', async (t) => {
  const proxy = await startProxy(t, await startRedis(t));
  const { log } = await startHotshard(t, { args: ['--redis', proxy.url], workers: 1 });
  const connectedAt = (): number[] =>
    log.filter(({ msg }) => msg.startsWith('connected to Redis')).map(({ time }) => Date.parse(String(time)));
  let shortLived = 0;
  // Until six in a row were dropped within their first second, by whatever else the machine has to do.
  for (let losses = 1; shortLived < 6; losses++) {
    await until(() => connectedAt().length === losses);
    const [made = 0] = connectedAt().slice(-1);
    proxy.cut();
    const cutAt = Date.now();
    if (cutAt - made > 900) {
      shortLived = 0;
      continue;
    }
    await until(() => connectedAt().length > losses);
    const [next = 0] = connectedAt().slice(-1);
    // Half of the pause is random.
    const least = Math.min(20 * 2 ** shortLived, 400) / 2;
    t.ok(
      next - cutAt > least - 2,
      `${next - cutAt} ms after it was dropped for the ${shortLived + 1}th time`,
    );
    shortLived++;
  }
});

t.test('--stale-ttl: what has just expired is served while Redis is away', { buffered: true }, async (t) => {
  const setting = await setUp(t, { args: ['--stale-ttl', '60s'] });
  const { redis, client } = setting;
  await client.set('brief', 'v', 0.5);
  await client.set('lasting', 'v', 500);
  await redis.kill();
  const stale = await client.until('/get/brief', ({ headers }) => headers['x-cache'] === 'stale');
  t.match(stale, { status: 200, text: 'v' });
  t.match(await client.ask('GET', '/lookup?key=brief'), { headers: { 'x-cache': 'stale' } });
  t.match(await client.get('lasting'), { headers: { 'x-cache': 'hit' } });
  t.ok((await client.counted('staleHits')) >= 2);
  await redis.restart();
  await client.untilValue('brief', undefined);
  await isBack(t, setting, undefined);
});

t.test('draining ends in time while Redis hangs', { buffered: true }, async (t) => {
  const { redis, hotshard, client } = await setUp(t);
  redis.pause();
  const write = client.set('k', 'v');
  await until(async () => (await client.get('k')).status !== 200);
  hotshard.kill('SIGTERM');
  t.equal(await hotshard.ended, 0);
  t.equal((await write).status, 503);
});

t.test('a snapshot is served only while Redis has not been there', { buffered: true }, async (t) => {
  const file = join(t.testdir(), 'snapshot');
  const first = await setUp(t, { args: ['--snapshot', file] });
  first.hotshard.kill('SIGTERM');
  t.equal(await first.hotshard.ended, 0);
  const redis = await startRedis(t);
  const proxy = await startProxy(t, redis);
  proxy.refuse();
  const hotshard = await startHotshard(t, { args: ['--redis', proxy.url, '--snapshot', file] });
  for (const client of await hotshard.clients()) {
    t.match(await client.get('k'), { status: 200, text: 'old', headers: { 'x-cache': 'hit' } });
  }
  await redis.client().set('k', 'new');
  await proxy.accept();
  await hotshard.untilReady();
  for (const client of await hotshard.clients()) t.equal(await client.value('k'), 'new');
  proxy.refuse();
  proxy.cut();
  t.equal(await hotshard.client.value('k'), 'new');
});

t.test('the environment of an earlier caching proxy', { buffered: true }, async (t) => {
  const redis = await startRedis(t);
  await redis.client().set('k', 'v');
  const env = {
    REDIS_HOST: '127.0.0.1',
    REDIS_PORT: String(redis.port),
    PROXY_PORT: '0',
    PROXY_MAX_KEYS: '1000',
    PROXY_TTL_MS: '10000',
  };
  const { client } = await startReady(t, { env, isBare: true });
  const answer = await client.ask('GET', '/lookup?key=k');
  t.match(answer, { status: 200, headers: { 'x-cache': 'miss' } });
  t.same(JSON.parse(answer.text), { key: 'k', value: 'v', status: 200 });
  t.same(JSON.parse((await client.ask('GET', '/lookup?key=none')).text), {
    key: 'none',
    value: null,
    status: 404,
  });
});
