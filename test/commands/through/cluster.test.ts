/** Commands with a Redis Cluster behind the map. */
import t from 'tap';
import { startRedisCluster } from '../../store/fixtures/redis-cluster.js';
import { openWorker } from './rig.js';

t.test('commands over the keys of several masters', async (t) => {
  const cluster = await startRedisCluster(t);
  const direct = cluster.client();
  const { connect } = await openWorker(t, { 'redis-cluster': cluster.seeds.join(','), 'redis-prefix': 'p:' });
  const client = connect();
  const keys = Array.from({ length: 12 }, (_, i) => `k${i}`);
  for (const key of keys) t.equal(await client.say(`INCR ${key}`), 1);
  t.same(
    await client.say(`MGET ${keys.join(' ')}`),
    keys.map(() => '1'),
  );
  t.equal(await client.say(`DEL ${keys.join(' ')}`), keys.length);

  t.equal(await client.say('MSET {t}a 1 {t}b 2'), '+OK');
  t.equal(await client.say('RENAME {t}a {t}c'), '+OK');
  t.equal(await direct.get('p:{t}c'), '1');
  for (const line of ['MSET k0 1 k1 2', 'RENAME k0 k1'])
    t.match(await client.say(line), /^-CROSSSLOT /, line);

  const transaction = async (...lines: string[]): Promise<unknown> => {
    await client.say('MULTI');
    for (const line of lines) await client.say(line);
    return await client.say('EXEC');
  };
  t.same(await transaction('INCR {t}b', 'PING', 'GET {t}c'), [3, '+PONG', '1']);
  t.match(await transaction('INCR k0', 'INCR k1'), /^-CROSSSLOT /);
  t.equal(await direct.exists('p:k0'), 0);
  await client.say('WATCH {t}b');
  t.match(await client.say('WATCH k0'), /^-CROSSSLOT /);
  t.same(await transaction('INCR {t}b'), [4]);
  await client.say('WATCH {t}b');
  await direct.set('p:{t}b', 'foreign');
  t.equal(await transaction('SET {t}b mine'), null);

  await client.say('WATCH {t}b');
  const to = ((await cluster.masterOf('p:{t}b')) + 1) % 3;
  await cluster.moveSlot(await cluster.slotOf('p:{t}b'), to);
  t.equal(await transaction('SET {t}b mine'), null, 'what has moved is taken for changed');
  t.same(await transaction('SET {t}b mine'), ['+OK'], 'and found again');
  t.equal(await client.say('WATCH {t}b'), '+OK');
  t.same(await transaction('GET {t}b'), ['mine']);
});
