/** ioredis, as it comes from npm, by both versions of the protocol. */
import { Redis } from 'ioredis';
import t, { type Test } from 'tap';
import type { ClientOptions } from '../store/fixtures/redis-server.js';
import { startBothPorts } from './program.js';

const { port } = await startBothPorts(t);

function clientOf(t: Test, options: ClientOptions): Redis {
  const redis = new Redis({ host: '127.0.0.1', port, ...options });
  t.teardown(() => redis.disconnect());
  return redis;
}

for (const protocol of [2, 3] as const) {
  t.test(`RESP${protocol}`, async (t) => {
    const redis = clientOf(t, { protocol, connectionName: 'tester' });
    t.teardown(() => redis.flushall());

    t.test('commands', async (t) => {
      t.equal(await redis.set('k', 'v', 'EX', 100), 'OK');
      t.equal(await redis.get('k'), 'v');
      t.equal(await redis.get('none'), null);
      t.equal(await redis.ttl('k'), 100);
      t.equal(await redis.set('k', 'w', 'NX'), null);
      t.strictSame(await redis.mget('k', 'none'), ['v', null]);
      t.equal(await redis.incrby('n', 7), 7);
      t.equal(await redis.incrbyfloat('n', 0.5), '7.5');
      t.equal(await redis.del('k', 'n', 'none'), 2);
      t.strictSame(await redis.config('GET', 'save'), ['save', '']);
      t.match(
        await redis.client('INFO'),
        new RegExp(`name=tester .* resp=${protocol} lib-name=ioredis lib-ver=`),
      );
      t.match(await redis.info('server'), /^# Server\r\nredis_version:7/);
      await t.rejects(redis.incrby('n', 'x'), { message: 'ERR value is not an integer or out of range' });
      await t.rejects(redis.call('NO', 'a'), {
        message: "ERR unknown command 'NO', with args beginning with: 'a' ",
      });
    });

    t.test('bytes that are no text', async (t) => {
      const key = Buffer.from([0, 255, 13, 10]);
      const value = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await redis.set(key, value);
      t.strictSame(await redis.getBuffer(key), value);
      t.strictSame(await redis.getrangeBuffer(key, 254, 255), Buffer.from([254, 255]));
      t.strictSame(await redis.mgetBuffer(key, 'none'), [value, null]);
    });

    t.test('pipelines', async (t) => {
      const results = await redis.pipeline().set('p', 'text').incr('p').get('p').exec();
      t.match(results, [
        [null, 'OK'],
        [{ message: 'ERR value is not an integer or out of range' }],
        [null, 'text'],
      ]);
      const long = redis.pipeline();
      for (let i = 0; i < 2000; i++) long.incr('count');
      t.strictSame((await long.exec())?.at(-1), [null, 2000]);
    });

    t.test('transactions, and keys that are watched', async (t) => {
      t.match(await redis.multi().set('k', 'text').incr('k').get('k').exec(), [
        [null, 'OK'],
        [{ message: 'ERR value is not an integer or out of range' }],
        [null, 'text'],
      ]);
      await t.rejects(redis.multi().set('k', 'not this').call('NO').exec(), {
        message: 'EXECABORT Transaction discarded because of previous errors.',
      });
      await redis.watch('k');
      t.strictSame(await redis.multi().append('k', '!').exec(), [[null, 5]]);
      await redis.watch('k');
      await clientOf(t, { protocol }).set('k', 'of another client');
      t.equal(await redis.multi().append('k', '!').exec(), null);
      t.equal(await redis.get('k'), 'of another client');
    });

    t.test('a stream of all keys', async (t) => {
      await redis.flushall();
      const names = Array.from({ length: 300 }, (_, i) => `scanned:${i}`);
      await redis.mset(names.flatMap((name) => [name, name]));
      const found: string[] = [];
      for await (const keys of redis.scanStream({ match: 'scanned:*', count: 100 })) found.push(...keys);
      t.strictSame([...new Set(found)].sort(), names.sort());
    });
  });
}
