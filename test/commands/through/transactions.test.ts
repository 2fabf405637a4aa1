/** Transactions that the Redis behind the map runs: together or not at all, and not when a watched key has changed. */
import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { MOST_WATCHING } from '../../../src/store/redis/watch-pool.js';
import { startRedis } from '../../store/fixtures/redis-server.js';
import { hasSent, startProxy } from '../../store/fixtures/tcp-proxy.js';
import { until } from '../../store/fixtures/until.js';
import { openWorker, openWorkers, type ThroughClient } from './rig.js';

const redis = await startRedis(t);
const direct = redis.client();

t.beforeEach(async () => {
  await direct.flushall();
});

async function transaction(client: ThroughClient, ...lines: string[]): Promise<unknown> {
  await client.say('MULTI');
  for (const line of lines) await client.say(line);
  return await client.say('EXEC');
}

t.test('commands of the map and of Redis stand in one reply in their order', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url, 'redis-prefix': 'p:' });
  const client = connect();
  const lines = [
    'SET k 1',
    'PING',
    'INCR k',
    'ECHO x',
    'MGET k none',
    'UNWATCH',
    `GET ${'k'.repeat(513)}`,
    'GET k',
  ];
  const replies = ['+OK', '+PONG', 2, 'x', ['2', null], '+OK', '-ERR key must be 1 to 512 bytes long', '2'];
  t.same(await transaction(client, ...lines), replies);
  t.equal(await direct.get('p:k'), '2');
  t.same(await transaction(client, 'PING', 'DBSIZE'), ['+PONG', 0], 'without any keys');
  t.same(await transaction(client), []);
  await client.say('MULTI');
  await client.say('GET');
  t.match(await client.say('EXEC'), /^-EXECABORT/);
});

t.test('nobody sees a part of it', async (t) => {
  const workers = await openWorkers(t, { redis: redis.url }, 2);
  const [writer, reader] = workers.map((worker) => worker.connect());
  if (writer === undefined || reader === undefined) throw new Error('two workers');
  await direct.mset('a', '0', 'b', '0');
  let isDone = false;
  const reading = (async () => {
    while (!isDone) {
      const replies = (await transaction(reader, 'GET a', 'GET b')) as string[];
      if (replies[0] !== replies[1]) t.fail(`${replies}`);
    }
  })();
  for (let i = 1; i <= 30; i++) {
    await transaction(writer, `SET a ${i}`, `SET b ${i}`);
    t.same(await writer.say('MGET a b'), [`${i}`, `${i}`]);
  }
  isDone = true;
  await reading;
});

t.test('a watched key that anybody has changed', async (t) => {
  const [first, second] = await openWorkers(t, { redis: redis.url }, 2);
  const other = await openWorker(t, { redis: redis.url });
  const client = first?.connect();
  if (client === undefined || second === undefined) throw new Error('two workers');
  const writers: Record<string, () => Promise<unknown>> = {
    'a foreign client': () => direct.set('k', 'foreign'),
    'another client': () => first?.connect().say('SET k other') ?? Promise.reject(),
    'another worker': () => second.connect().say('INCR k'),
    'another process': () => other.connect().say('DEL k'),
    itself: () => client.say('SET k own'),
    'the protocol of HTTP': async () => await second.cache.set('k', Buffer.from('http')),
  };
  for (const [name, write] of Object.entries(writers)) {
    await direct.set('k', '1');
    t.equal(await client.say('WATCH j k'), '+OK');
    t.equal(await client.say('GET k'), '1');
    await write();
    const now = await direct.get('k');
    t.equal(await transaction(client, 'SET k mine'), null, name);
    t.equal(await direct.get('k'), now);
    t.same(await transaction(client, 'SET k mine'), ['+OK'], 'the watch has ended');
  }
  await client.say('WATCH k');
  t.same(await transaction(client, 'SET k quiet'), ['+OK'], 'nobody has changed it');
  t.equal(await client.say('GET k'), 'quiet');
  await client.say('WATCH k');
  await direct.set('k', 'x');
  t.equal(await transaction(client, 'PING'), null, 'commands without keys do not run either');
});

t.test('a watch is ended by UNWATCH, DISCARD and RESET', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url });
  const client = connect();
  for (const lines of [['UNWATCH'], ['MULTI', 'DISCARD'], ['RESET']]) {
    await client.say('WATCH k');
    for (const line of lines) await client.say(line);
    await direct.set('k', 'foreign');
    t.same(await transaction(client, 'GET k'), ['foreign'], lines.join(' '));
  }
});

t.test('what is read after WATCH is no older than the watch', async (t) => {
  const proxy = await startProxy(t, redis);
  const { connect } = await openWorker(t, { redis: proxy.url });
  const client = connect();
  await direct.set('k', 'old');
  t.equal(await client.say('GET k'), 'old');
  // It is not told of the change, and would take it for none.
  proxy.hold({ connection: hasSent('__redis__:invalidate') });
  await direct.set('k', 'new');
  await client.say('WATCH k');
  t.equal(await client.say('GET k'), 'new');
});

t.test('increments by transactions that are tried again add up', async (t) => {
  const workers = await openWorkers(t, { redis: redis.url }, 2);
  const rounds = 8;
  const clients = [...workers, ...workers].map((worker) => worker.connect());
  const increment = async (client: ThroughClient): Promise<void> => {
    for (;;) {
      await client.say('WATCH n');
      const before = Number(await client.say('GET n'));
      if ((await transaction(client, `SET n ${before + 1}`)) !== null) return;
    }
  };
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < rounds; i++) {
        await increment(client);
        await direct.incr('n');
      }
    }),
  );
  t.equal(await direct.get('n'), String(2 * clients.length * rounds));
});

t.test('clients that watch have connections of their own, so many and no more', async (t) => {
  const { connect } = await openWorker(t, { redis: redis.url });
  const watching = async (): Promise<number> =>
    String(await direct.client('LIST')).match(/ cmd=watch /g)?.length ?? 0;
  const clients = Array.from({ length: MOST_WATCHING }, () => connect());
  await Promise.all(clients.map((client) => client.say('WATCH k')));
  t.equal(await watching(), MOST_WATCHING);
  const late = connect();
  t.match(await late.say('WATCH k'), /^-ERR more than \d+ clients/);
  t.same(await transaction(late, 'SET k v'), ['+OK'], 'who watches nothing needs none');
  for (const client of clients) client.end();
  await until(async () => (await watching()) === 0);
  t.equal(await late.say('WATCH k'), '+OK');
  const gone = connect();
  const answer = gone.say('WATCH k');
  await turn();
  gone.end();
  await answer;
  late.end();
  await until(async () => (await watching()) === 0);
});

t.test('a watch whose connection is lost lets nothing run', async (t) => {
  const proxy = await startProxy(t, redis);
  const { connect } = await openWorker(t, { redis: proxy.url });
  const client = connect();
  await client.say('WATCH k');
  proxy.cut(hasSent('WATCH'));
  await until(async () => (await client.say('PING')) === '+PONG' && proxy.connections === 2);
  t.match(await transaction(client, 'SET k v'), /^-ERR backing store unavailable: .*nothing was done/);
  t.equal(await direct.exists('k'), 0);
  t.same(await transaction(client, 'SET k v'), ['+OK']);
});
