/** Commands while the Redis behind the map is away, and after it has come back. */
import t from 'tap';
import { startRedis } from '../../store/fixtures/redis-server.js';
import { startProxy } from '../../store/fixtures/tcp-proxy.js';
import { until } from '../../store/fixtures/until.js';
import { openWorker } from './rig.js';

const UNAVAILABLE = /^-ERR backing store unavailable: /;

t.test('hits go on, all else is an error at once, and nothing from before is answered after', async (t) => {
  const redis = await startRedis(t);
  const { connect } = await openWorker(t, { redis: redis.url });
  const client = connect();
  await client.say('SET k old');
  await client.say('SET n 1');
  await redis.kill();
  await until(async () => UNAVAILABLE.test(String(await client.say('SET other v'))));
  const served = {
    'GET k': 'old',
    'MGET k n': ['old', '1'],
    'STRLEN k': 3,
    'EXISTS k n': 2,
    'GETRANGE k 1 1': 'l',
  };
  for (const [line, reply] of Object.entries(served)) t.same(await client.say(line), reply, line);
  const refused =
    'GET none|MGET k none|INCR n|SET k v NX|DEL k|MSET k v n 2|RENAME k j|TTL k|EXPIRE k 10|WATCH k';
  for (const line of refused.split('|')) t.match(await client.say(line), UNAVAILABLE, line);
  await client.say('MULTI');
  await client.say('SET k v');
  t.match(await client.say('EXEC'), UNAVAILABLE);
  t.equal(await client.say('PING'), '+PONG', 'the connection goes on');
  await redis.restart();
  await until(async () => (await client.say('GET k')) === null);
  t.equal(await client.say('INCR n'), 1);
});

t.test('a write whose outcome is not known leaves nothing that is not confirmed', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const proxy = await startProxy(t, redis);
  const { connect } = await openWorker(t, { redis: proxy.url });
  const client = connect();
  const lines = ['INCR k', 'MSET k 7 j 7', 'RENAME j k'];
  for (const line of lines) {
    await direct.mset('k', '1', 'j', '2');
    await until(async () => (await client.say('GET k')) === '1');
    // Done, but nobody is told so.
    const release = proxy.hold({ direction: 'to client' });
    const answer = client.say(line);
    await until(async () => (await direct.get('k')) !== '1');
    proxy.cut();
    release();
    t.match(await answer, UNAVAILABLE, line);
    const now = await direct.get('k');
    await until(async () => !UNAVAILABLE.test(String(await client.say('GET k'))));
    t.equal(await client.say('GET k'), now);
  }
  const release = proxy.hold({ direction: 'to client' });
  await client.say('MULTI');
  await client.say('SET k exec');
  const answer = client.say('EXEC');
  await until(async () => (await direct.get('k')) === 'exec');
  proxy.cut();
  release();
  t.match(await answer, /^-ERR backing store unavailable: it is not known whether the transaction has run/);
  await until(async () => (await client.say('GET k')) === 'exec');
});

t.test('one connection that waits for Redis holds up no other', async (t) => {
  const redis = await startRedis(t);
  const proxy = await startProxy(t, redis);
  const { connect } = await openWorker(t, { redis: proxy.url });
  const [slow, quick] = [connect(), connect()];
  await quick.say('SET k v');
  const release = proxy.hold();
  const waiting = slow.say('GET none');
  t.equal(await quick.say('GET k'), 'v');
  release();
  t.equal(await waiting, null);
});
