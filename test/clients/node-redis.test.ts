/** node-redis (`redis`), as it comes from npm, by both versions of the protocol. */
import {
  createClient,
  RESP_TYPES,
  type RedisClientOptions,
  type RedisFunctions,
  type RedisModules,
  type RedisScripts,
} from 'redis';
import t, { type Test } from 'tap';
import { startBothPorts } from './program.js';

const { port } = await startBothPorts(t);

type Options = RedisClientOptions<RedisModules, RedisFunctions, RedisScripts, 2 | 3>;

async function clientOf(t: Test, options: Options = {}) {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, ...options });
  client.on('error', () => {}); // the command tells
  t.teardown(() => client.destroy());
  await client.connect();
  return client;
}

for (const RESP of [2, 3] as const) {
  t.test(`RESP${RESP}`, async (t) => {
    const redis = await clientOf(t, { RESP, name: 'tester' });
    t.teardown(() => redis.flushAll());

    t.test('commands', async (t) => {
      t.equal(await redis.set('k', 'v', { expiration: { type: 'EX', value: 100 }, condition: 'NX' }), 'OK');
      t.equal(await redis.get('k'), 'v');
      t.equal(await redis.get('none'), null);
      t.equal(await redis.ttl('k'), 100);
      t.equal(await redis.getEx('k', { type: 'PERSIST' }), 'v');
      t.equal(await redis.expire('k', 100, 'XX'), 0);
      t.equal(await redis.mSet({ a: '1', b: '2' }), 'OK');
      t.strictSame(await redis.mGet(['a', 'none']), ['1', null]);
      t.equal(await redis.incrBy('a', 6), 7);
      t.equal(await redis.incrByFloat('a', 0.5), '7.5');
      t.equal(await redis.copy('a', 'c'), 1);
      t.equal(await redis.del(['a', 'b', 'none']), 2);
      t.equal(await redis.type('c'), 'string');
      await t.rejects(redis.incr('k'), { message: 'ERR value is not an integer or out of range' });
      await t.rejects(redis.sendCommand(['NO', 'a']), {
        message: "ERR unknown command 'NO', with args beginning with: 'a' ",
      });
    });

    t.test('what it makes objects of', async (t) => {
      t.match(await redis.clientInfo(), { name: 'tester', resp: RESP, libName: 'node-redis', db: 0 });
      t.match(await redis.clientList(), [{ name: 'tester' }]);
      t.match(await redis.configGet('max*'), { maxmemory: String(256 << 20), 'maxmemory-policy': /lru/ });
      t.match(await redis.hello(), { server: 'redis', proto: RESP, role: 'master', modules: [] });
      t.match(await redis.commandInfo(['get']), [
        { name: 'get', arity: 2, flags: new Set(['readonly', 'fast']), firstKeyIndex: 1, isKeyless: false },
      ]);
      t.equal((await redis.command()).length, await redis.commandCount());
      t.match(await redis.info('keyspace'), /^# Keyspace\r\n/);
      t.equal((await redis.time()).length, 2);
    });

    t.test('bytes that are no text', async (t) => {
      const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      const key = Buffer.from([0, 255, 13, 10]);
      await redis.set(key, value);
      const binary = redis.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      t.strictSame(await binary.get(key), value);
    });

    t.test('commands of one tick, which it pipelines', async (t) => {
      const replies = await Promise.all(Array.from({ length: 2000 }, () => redis.incr('count')));
      t.strictSame(
        replies,
        replies.map((_, i) => i + 1),
      );
    });

    t.test('transactions, and keys that are watched', async (t) => {
      t.strictSame(await redis.multi().set('k', '1').incr('k').get('k').exec(), ['OK', 2, '2']);
      await t.rejects(redis.multi().set('k', 'text').incr('k').exec(), {
        name: 'Error',
        errorIndexes: [1],
        replies: ['OK', { message: 'ERR value is not an integer or out of range' }],
      });
      const other = await clientOf(t, { RESP });
      await redis.watch('k');
      t.strictSame(await redis.multi().append('k', '!').exec(), [5]);
      await redis.watch('k');
      await other.set('k', 'of another client');
      await t.rejects(redis.multi().append('k', '!').exec(), {
        message: /^One \(or more\) of the watched keys has been changed/,
      });
      t.equal(await redis.get('k'), 'of another client');
    });

    t.test('an iterator of all keys', async (t) => {
      await redis.flushDb();
      const names = Array.from({ length: 300 }, (_, i) => `scanned:${i}`);
      await redis.mSet(names.flatMap((name) => [name, name]));
      const found: string[] = [];
      for await (const keys of redis.scanIterator({ MATCH: 'scanned:*', COUNT: 100 })) found.push(...keys);
      t.strictSame([...new Set(found)].sort(), names.sort());
    });
  });
}
