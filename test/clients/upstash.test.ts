/** `@upstash/redis`, as it comes from npm, with hotshard in place of Upstash. */

import { Redis, type RedisConfigNodejs } from '@upstash/redis';
import t from 'tap';
import { startBothPorts } from './program.js';

const { url, hotshard } = await startBothPorts(t);

// What cannot be reached is to fail at once.
const clientOf = (options: Partial<RedisConfigNodejs> = {}) =>
  new Redis({ url, token: 'any', retry: false, ...options });
const redis = clientOf();

function isWithin(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

t.beforeEach(async () => {
  t.equal(await redis.flushdb(), 'OK');
});

t.test('values come back as what they were', async (t) => {
  for (const value of [
    { name: 'Ada', born: [1815, 12, 10] },
    'text',
    'OK',
    '',
    'T0s=',
    42,
    -0.5,
    true,
    '12345678901234567890',
    '\u0000\u0001ÿ€😀',
    ' with blanks\r\n',
  ]) {
    t.equal(await redis.set('k', value), 'OK');
    t.strictSame(await redis.get('k'), value);
  }
  await redis.set('k', null);
  t.equal(await redis.get('k'), null);
  t.equal(await redis.exec(['GET', 'k']), null, 'the word null');
  t.equal(await redis.exists('k'), 1);
  t.equal(await redis.get('none'), null);
});

t.test('without its deserialisation, and without Base64', async (t) => {
  const raw = clientOf({ automaticDeserialization: false });
  await redis.set('k', { a: 1 });
  t.equal(await raw.get('k'), '{"a":1}');
  await redis.set('k', 7);
  t.equal(await raw.get('k'), '7');
  const plain = clientOf({ responseEncoding: false });
  await redis.set('k', 'ÿ€😀');
  t.equal(await plain.get('k'), 'ÿ€😀');
  await hotshard.client.set('k', Buffer.from([0xff, 0x61]));
  t.equal(await plain.get('k'), '\ufffda');
  t.equal(await redis.get('k'), '\ufffda', 'the client itself decodes Base64 to text');
});

t.test('options of SET', async (t) => {
  t.equal(await redis.set('k', 1, { nx: true }), 'OK');
  t.equal(await redis.set('k', 2, { nx: true }), null);
  t.equal(await redis.set('k', 2, { xx: true, get: true }), 1);
  t.equal(await redis.set('none', 2, { xx: true }), null);
  t.equal(await redis.set('k', 3, { ex: 100 }), 'OK');
  t.equal(await redis.set('k', 4, { keepTtl: true }), 'OK');
  t.ok(isWithin(await redis.ttl('k'), 40, 100));
  t.equal(await redis.set('k', 5, { px: 200_000 }), 'OK');
  t.ok(isWithin(await redis.pttl('k'), 140_000, 200_000));
  t.equal(await redis.set('k', 6, { exat: 4_000_000_000 }), 'OK');
  t.equal(await redis.exec(['EXPIRETIME', 'k']), 4_000_000_000);
  t.equal(await redis.set('k', 7, { pxat: 1 }), 'OK');
  t.equal(await redis.get('k'), null);
});

t.test('commands on values', async (t) => {
  t.equal(await redis.mset({ a: 1, b: { x: 'y' } }), 'OK');
  t.strictSame(await redis.mget('a', 'b', 'none'), [1, { x: 'y' }, null]);
  t.equal(await redis.msetnx({ a: 2, c: 2 }), 0);
  t.equal(await redis.incr('n'), 1);
  t.equal(await redis.incrby('n', 9), 10);
  t.equal(await redis.decr('n'), 9);
  t.equal(await redis.decrby('n', 4), 5);
  t.equal(await redis.incrbyfloat('n', 0.25), 5.25);
  t.equal(await redis.append('s', 'hello'), 5);
  t.equal(await redis.getrange('s', 1, -2), 'ell');
  t.equal(await redis.setrange('s', 1, 'EL'), 5);
  t.equal(await redis.strlen('s'), 5);
  t.equal(await redis.getset('s', 'next'), 'hELlo');
  t.equal(await redis.getdel('s'), 'next');
  t.equal(await redis.setnx('a', 3), 0);
  t.equal(await redis.setex('e', 100, { y: 1 }), 'OK');
  t.strictSame(await redis.getex('e', { persist: true }), { y: 1 });
  t.equal(await redis.ttl('e'), -1);
  t.equal(await redis.psetex('e', 100_000, 1), 'OK');
});

t.test('commands on keys', async (t) => {
  await redis.mset({ a: 1, b: 2, 'x:1': 1, 'x:2': 2 });
  t.equal(await redis.expire('a', 100), 1);
  t.equal(await redis.expire('a', 100, 'nx'), 0);
  t.equal(await redis.pexpire('a', 100_000), 1);
  t.equal(await redis.expireat('a', 4_000_000_000), 1);
  t.equal(await redis.pexpireat('a', 4_000_000_000_000), 1);
  t.equal(await redis.persist('a'), 1);
  t.equal(await redis.pttl('none'), -2);
  t.strictSame((await redis.keys('x:*')).sort(), ['x:1', 'x:2']);
  const scanned: string[] = [];
  let cursor = '0';
  do {
    const [next, keys] = await redis.scan(cursor, { match: 'x:*', type: 'string', count: 1000 });
    scanned.push(...keys);
    cursor = next;
  } while (cursor !== '0');
  t.strictSame(scanned.sort(), ['x:1', 'x:2']);
  t.equal(await redis.type('a'), 'string');
  t.equal(await redis.type('none'), 'none');
  t.equal(await redis.exists('a', 'none', 'b'), 2);
  t.equal(await redis.touch('a', 'none'), 1);
  t.equal(await redis.rename('b', 'c'), 'OK');
  t.equal(await redis.renamenx('c', 'a'), 0);
  t.equal(await redis.copy('c', 'd'), 'COPIED');
  t.equal(await redis.copy('c', 'd'), 'NOT_COPIED');
  t.equal(await redis.copy('c', 'd', { replace: true }), 'COPIED');
  t.equal(await redis.dbsize(), 5);
  t.equal(await redis.del('a', 'c', 'none'), 2);
  t.equal(await redis.unlink('d'), 1);
  t.match(await redis.randomkey(), /^x:[12]$/);
  t.equal(await redis.flushall([{ async: true }]), 'OK');
  t.equal(await redis.randomkey(), null);
  t.equal(await redis.ping(), 'PONG');
  t.equal(await redis.echo('said'), 'said');
  const [seconds, microseconds] = await redis.time();
  t.ok(Math.abs(seconds - Date.now() / 1000) < 60 && microseconds < 1_000_000);
});

t.test('errors', async (t) => {
  await redis.set('text', 'abc');
  await t.rejects(redis.incr('text'), {
    name: 'UpstashError',
    message: /ERR value is not an integer or out of range/,
  });
  await t.rejects(redis.rename('none', 'k'), { message: /ERR no such key/ });
  await t.rejects(redis.lpush('list', 'a'), { message: /ERR unknown command 'lpush'/ });
  await t.rejects(redis.exec(['GET']), { message: /ERR wrong number of arguments for 'get' command/ });
  await t.rejects(redis.exec(['CLIENT', 'ID']), { message: /ERR client is about a connection/ });
});

t.test('a pipeline runs on behind an error', async (t) => {
  const pipeline = () => redis.pipeline().set('k', { a: 1 }).incr('k').get('k').get('none');
  await t.rejects(pipeline().exec(), { message: /Command 2 \[ incr \] failed: ERR value is not an integer/ });
  t.match(await pipeline().exec({ keepErrors: true }), [
    { result: 'OK' },
    { error: /^ERR value is not an integer/ },
    { result: { a: 1 } },
    { result: null },
  ]);
  t.strictSame(await Promise.all([redis.set('k', 1), redis.incr('k'), redis.get('k')]), ['OK', 2, 2]);
});

t.test('a transaction is run as a whole or not at all', async (t) => {
  const transaction = redis.multi().set('k', 1).incr('k').mget('k', 'none').keys('k');
  t.strictSame(await transaction.exec(), ['OK', 2, [2, null], ['k']]);
  const failing = redis.multi().set('k', 'text').incr('k').get('k');
  t.match(await failing.exec({ keepErrors: true }), [
    { result: 'OK' },
    { error: /^ERR/ },
    { result: 'text' },
  ]);
  await t.rejects(redis.multi().set('k', 'not this').lpush('list', 'a').exec(), {
    message: /EXECABORT Transaction discarded because of: ERR unknown command 'lpush'/,
  });
  t.equal(await redis.get('k'), 'text');
});

t.test('transactions of many clients over two workers are atomic', async (t) => {
  const transactions = 160;
  await redis.mset({ left: 0, right: 0 });
  const replies = await Promise.all(
    Array.from({ length: transactions }, (_, round) => {
      const transaction = redis.multi().incr('left').incr('right').mget('left', 'right');
      return round % 2 === 0
        ? transaction.exec()
        : redis
            .multi()
            .mget('left', 'right')
            .decrby('left', 2)
            .decrby('right', 2)
            .mget('left', 'right')
            .exec();
    }),
  );
  for (const values of replies.flat().filter(Array.isArray)) t.equal(values[0], values[1]);
  t.strictSame(await redis.mget('left', 'right'), [-80, -80]);
  for (const { requests } of (await hotshard.client.stats()).workers) t.ok(Number(requests) > 0, 'both');
});

t.test('tokens, and the largest value', async (t) => {
  const { url } = await startBothPorts(t, {
    args: ['--auth-token', 'secret', '--read-only-token', 'look', '--max-value-size', '1kb'],
    workers: 1,
  });
  const redis = clientOf({ url, token: 'secret' });
  t.equal(await redis.set('k', 'v'), 'OK');
  await t.rejects(clientOf({ url, token: 'wrong' }).get('k'), {
    name: 'UpstashError',
    message: /^Unauthorized/,
  });
  await t.rejects(clientOf({ url, token: 'wrong' }).pipeline().get('k').exec(), { message: /^Unauthorized/ });
  const reader = clientOf({ url, token: 'look' });
  t.equal(await reader.get('k'), 'v');
  const refused = /NOPERM User default has no permissions to run the 'set' command/;
  await t.rejects(reader.set('k', 'w'), { message: refused });
  t.match(await reader.pipeline().set('k', 'w').get('k').exec({ keepErrors: true }), [
    { error: refused },
    { result: 'v' },
  ]);
  await t.rejects(reader.multi().get('k').set('k', 'w').exec(), { message: /^EXECABORT .*NOPERM/ });
  t.equal(await redis.get('k'), 'v');
  await t.rejects(redis.set('k', 'v'.repeat(1025)), {
    message: /ERR string exceeds maximum allowed size \(max-value-size\)/,
  });
});
