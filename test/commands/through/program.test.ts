/** The whole program with both protocols in front of one Redis, and a client that knows nothing of hotshard. */
import { Redis } from 'ioredis';
import t from 'tap';
import { startReady } from '../../store/fixtures/hotshard.js';
import { startRedis } from '../../store/fixtures/redis-server.js';
import { until } from '../../store/fixtures/until.js';

t.test('a Redis client and HTTP see the same, and so does Redis', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const hotshard = await startReady(t, { args: ['--redis', redis.url, '--resp-port', '0'] });
  const { respAddress } = await hotshard.logged('hotshard serves on');
  const connect = (): Redis => {
    const client = new Redis(String(respAddress));
    t.teardown(() => client.disconnect());
    return client;
  };
  const [client, other] = [connect(), connect()];

  const replies = await client
    .pipeline()
    .set('k', '1')
    .incr('k')
    .get('none')
    .mget('k', 'none')
    .get('k')
    .exec();
  t.same(
    replies?.map(([, reply]) => reply),
    ['OK', 2, null, ['2', null], '2'],
    'in the order of the commands',
  );
  t.equal(await hotshard.client.value('k'), '2');
  await hotshard.client.set('k', '10');
  t.equal(await other.incr('k'), 11);
  t.equal(await direct.get('k'), '11');

  await client.watch('k');
  await hotshard.client.set('k', '20');
  t.equal(await client.multi().set('k', 'lost').exec(), null);
  t.same(await client.multi().incr('k').ping().exec(), [
    [null, 21],
    [null, 'PONG'],
  ]);

  await direct.set('k', 'foreign');
  await until(async () => (await client.get('k')) === 'foreign' && (await other.get('k')) === 'foreign');
  await t.rejects(client.incr('k'), /^ERR value is not an integer/);
  await redis.kill();
  await until(
    async () =>
      await client.set('j', 'v').then(
        () => false,
        () => true,
      ),
  );
  await t.rejects(client.set('j', 'v'), /^ERR backing store unavailable: /);
  t.equal(await client.get('k'), 'foreign', 'hits go on');
});
