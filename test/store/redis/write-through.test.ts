/** Writes with a Redis behind the map: answered when Redis has them, and as Redis has them. */
import { rmSync } from 'node:fs';
import t from 'tap';
import { type Hotshard, startHotshard, startReady } from '../fixtures/hotshard.js';
import { startRedis } from '../fixtures/redis-server.js';
import { until } from '../fixtures/until.js';

t.test('a write is answered when Redis has it', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const hotshard = await startReady(t, { args: ['--redis', redis.url, '--ttl', '100s'] });
  const { client } = hotshard;

  await t.test('value, and the time to live in milliseconds', async (t) => {
    t.match(await client.set('k', 'v'), { status: 200, text: '' });
    t.equal(await direct.get('k'), 'v');
    t.ok((await direct.pttl('k')) > 90_000, 'the default');
    await client.set('k', 'w', 1.5);
    const left = await direct.pttl('k');
    t.ok(left > 0 && left <= 1500, `${left} ms`);
    await client.set('k', 'x', 0);
    t.equal(await direct.pttl('k'), -1);
    t.match(await client.get('k'), { status: 200, text: 'x', headers: { 'x-cache': 'hit' } });
  });

  await t.test('any bytes, under any key', async (t) => {
    const bytes = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
    await client.set('a/ä b', bytes);
    t.same(await direct.getBuffer('a/ä b'), Buffer.from(bytes));
    t.same((await client.get('a/ä b')).bytes, Buffer.from(bytes));
    await client.set('empty', '');
    t.equal(await direct.get('empty'), '');
    t.match(await client.get('empty'), { status: 200, text: '' });
  });

  await t.test('a removal', async (t) => {
    await client.set('gone', 'v');
    t.equal((await client.delete('gone')).status, 204);
    t.equal(await direct.exists('gone'), 0);
    t.equal((await client.delete('gone')).status, 404);
    t.equal((await client.get('gone')).status, 404);
    await direct.set('foreign', 'v');
    t.equal((await client.delete('foreign')).status, 204, 'of what was never read too');
  });

  await t.test('what is no string is no value', async (t) => {
    await direct.lpush('list', 'v');
    t.match(JSON.parse((await client.get('list')).text), { statusCode: 409, error: 'Conflict' });
    const lookup = await client.ask('GET', '/lookup?key=list');
    t.equal(lookup.status, 409);
    t.same(JSON.parse(lookup.text), { key: 'list', value: null, status: 409 });
    t.equal((await client.ask('GET', '/?key=list')).status, 409);
    t.equal((await client.delete('list')).status, 204);
    await direct.lpush('list', 'v');
    t.equal((await client.set('list', 'a string now')).status, 200);
  });

  await t.test('after SCRIPT FLUSH', async (t) => {
    await direct.script('FLUSH');
    t.equal((await client.set('flushed', 'v')).status, 200);
    t.equal((await client.delete('flushed')).status, 204);
    t.equal(await client.value('flushed'), undefined);
  });
});

t.test('a write that Redis refuses is 503, and the old value is still that of Redis', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const hotshard = await startReady(t, { args: ['--redis', redis.url] });
  const { client } = hotshard;
  await client.set('k', 'old');
  const refused = async (reason: RegExp): Promise<void> => {
    const answer = await client.set('k', 'new');
    t.match(answer, { status: 503, headers: { 'retry-after': '1' } });
    t.match(JSON.parse(answer.text), { statusCode: 503, error: 'Service Unavailable', message: reason });
    t.equal(await direct.get('k'), 'old');
    t.equal(await client.value('k'), 'old');
  };

  await direct.config('SET', 'maxmemory', '1');
  await refused(/OOM/);
  await direct.config('SET', 'maxmemory', '0');
  t.equal((await client.set('other', 'v')).status, 200);

  const master = await startRedis(t);
  await master.client().set('k', 'old');
  await direct.replicaof('127.0.0.1', master.port);
  await until(async () => (await direct.info('replication')).includes('master_link_status:up'));
  await client.untilValue('k', 'old');
  await refused(/READONLY/);
  await master.client().set('k', 'newer');
  await client.untilValue('k', 'newer');
  await direct.replicaof('NO', 'ONE');

  // It can't save its data any more: reads go on, for longer than a silent connection is kept.
  await direct.set('k', 'old');
  await client.untilValue('k', 'old');
  await direct.config('SET', 'save', '3600 1');
  rmSync(redis.directory, { recursive: true });
  await direct.bgsave();
  await until(async () => (await direct.info('persistence')).includes('rdb_last_bgsave_status:err'));
  await refused(/MISCONF/);
  const again = await startReady(t, { args: ['--redis', redis.url] });
  t.equal(await again.client.value('k'), 'old', 'for one that connects only now too');
  await direct.set('k', 'new').catch(() => {});
  await direct.config('SET', 'stop-writes-on-bgsave-error', 'no');
  t.equal((await client.set('k', 'new')).status, 200);
  t.strictSame(
    hotshard.log.filter(({ msg }) => msg.includes('out of reach')),
    [],
    'the connection was kept all the time',
  );
});

t.test('ways to a Redis', async (t) => {
  const plain = await startRedis(t, { password: 'pass/word' });
  const secure = await startRedis(t, { tls: true });
  const users = ['--user', 'ada', 'on', '>secret', '~app:*', '&*', '+@all'];
  const restricted = await startRedis(t, { arguments: users });
  const ways = {
    'password and database': {
      url: `${plain.url}/3`,
      direct: plain.client({ db: 3 }),
    },
    'unix socket': {
      url: `redis+unix://:pass%2Fword@${plain.socketPath}?db=4`,
      direct: plain.client({ db: 4 }),
    },
    TLS: {
      url: secure.url,
      direct: secure.client(),
      env: { NODE_EXTRA_CA_CERTS: String(secure.certificatePath) },
    },
    'user and prefix': {
      url: `redis://ada:secret@127.0.0.1:${restricted.port}`,
      direct: restricted.client({ keyPrefix: 'app:' }),
      args: ['--redis-prefix', 'app:'],
    },
  };
  await Promise.all(
    Object.entries(ways).map(async ([name, way]) => {
      const { url, direct, args = [], env = {} } = { args: [], env: {}, ...way };
      const { client } = await startReady(t, { args: ['--redis', url, ...args], env, workers: 1 });
      t.equal((await client.set('k', 'v')).status, 200, name);
      t.equal(await direct.get('k'), 'v', name);
      await direct.set('k', 'w');
      await client.untilValue('k', 'w');
      await direct.del('k');
      await client.untilValue('k', undefined);
    }),
  );
  t.equal(await plain.client().exists('k'), 0, 'not in database 0');
});

t.test('a Redis whose certificate nobody vouches for is out of reach', async (t) => {
  const redis = await startRedis(t, { tls: true });
  const hotshard = await startHotshard(t, { args: ['--redis', redis.url], workers: 1 });
  t.match(await hotshard.logged('Redis at'), { msg: /certificate/ });
  t.equal((await hotshard.client.set('k', 'v')).status, 503);
});

t.test('users of Redis who may not do everything', async (t) => {
  const redis = await startRedis(t, {
    arguments: [
      ...['--user', 'scriptless', 'on', '>p', '~*', '&*', '+@all', '-@scripting'],
      ...['--user', 'trackless', 'on', '>p', '~*', '&*', '+@all', '-client|tracking'],
      ...['--user', 'channelless', 'on', '>p', '~*', 'resetchannels', '+@all'],
    ],
  });
  const direct = redis.client();
  const start = (user: string, ...args: string[]): Promise<Hotshard> =>
    startReady(t, { args: ['--redis', `redis://${user}:p@127.0.0.1:${redis.port}`, ...args], workers: 2 });

  await Promise.all([
    t.test('no scripts: writes are fetched again, and all else is as ever', async (t) => {
      const hotshard = await start('scriptless');
      const { client } = hotshard;
      t.match(await hotshard.logged('Redis at'), { level: 40, msg: /does not allow scripts/ });
      await client.set('s', 'v');
      t.match(await client.get('s'), { text: 'v', headers: { 'x-cache': 'miss' } });
      t.match(await client.get('s'), { text: 'v', headers: { 'x-cache': 'hit' } });
      await direct.set('s', 'w');
      await client.untilValue('s', 'w');
      t.equal((await client.delete('s')).status, 204);
      t.equal(await client.value('s'), undefined);
    }),
    ...['trackless', 'channelless'].map((user) =>
      t.test(`${user}: a warning says that only the time to live bounds staleness`, async (t) => {
        const hotshard = await start(user, '--ttl', '300ms');
        const { client } = hotshard;
        const key = `of ${user}`;
        t.match(await hotshard.logged('Redis at'), {
          level: 40,
          msg: /only the time to live \(--ttl\) bounds/,
        });
        await client.set(key, 'v');
        t.match(await client.get(key), { text: 'v', headers: { 'x-cache': 'hit' } });
        t.equal(await client.value(`absent ${user}`), undefined);
        await direct.set(`absent ${user}`, 'v');
        t.equal(await client.value(`absent ${user}`), 'v', 'absence is not remembered then');
        await direct.set(key, 'w');
        await client.untilValue(key, 'w');
      }),
    ),
  ]);
});
