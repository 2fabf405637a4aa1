/** One map behind all workers and both protocols: what is written by one is there for all, and nothing is lost. */
import t from 'tap';
import { RedisClient } from '../commands/redis-client.js';
import { startBothPorts } from './program.js';

const CLIENTS = 16;
const ROUNDS = 100;

const { hotshard, port, url } = await startBothPorts(t);

t.test('counts of many connections, by both protocols, add up', async (t) => {
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RedisClient.connect(port)));
  t.teardown(() => {
    for (const client of clients) client.close();
  });
  const byHttp = async (): Promise<void> => {
    for (let round = 0; round < ROUNDS; round++) {
      const body = JSON.stringify([
        ['INCR', 'count'],
        ['APPEND', 'letters', 'h'],
      ]);
      await fetch(`${url}/pipeline`, { method: 'POST', body });
    }
  };
  await Promise.all([
    byHttp(),
    ...clients.map(async (client) => {
      for (let round = 0; round < ROUNDS; round++) {
        await Promise.all([client.run('INCR', 'count'), client.run('APPEND', 'letters', 'r')]);
      }
    }),
  ]);
  t.equal(await hotshard.client.value('count'), String((CLIENTS + 1) * ROUNDS));
  const letters = (await hotshard.client.value('letters')) ?? '';
  t.equal(letters.length, (CLIENTS + 1) * ROUNDS);
  t.equal(letters.replaceAll('r', '').length, ROUNDS);
  const { workers } = await hotshard.client.stats();
  t.equal(workers.length, 2);
});

t.test('what one protocol writes, the other reads at once', async (t) => {
  const redis = await RedisClient.connect(port);
  t.teardown(() => redis.close());
  for (const client of await hotshard.clients()) {
    for (let round = 0; round < 50; round++) {
      await redis.run('SET', 'k', `resp ${round}`);
      t.equal(await client.value('k'), `resp ${round}`);
      await client.set('k', `http ${round}`, 100);
      t.equal(await redis.run('GET', 'k'), `http ${round}`);
    }
    t.ok(Number(await redis.run('TTL', 'k')) > 50, 'its time to live too');
    await redis.run('DEL', 'k');
    t.equal(await client.value('k'), undefined);
  }
});

t.test('a transaction fails for a write by HTTP to what it watches', async (t) => {
  const redis = await RedisClient.connect(port);
  t.teardown(() => redis.close());
  const transaction = async (write: () => Promise<unknown>) => {
    await redis.run('WATCH', 'watched');
    await write();
    await redis.run('MULTI');
    await redis.run('INCR', 'runs');
    return await redis.run('EXEC');
  };
  t.strictSame(await transaction(async () => {}), [1]);
  for (const client of await hotshard.clients()) {
    t.equal(await transaction(() => client.set('watched', 'by HTTP')), null);
    t.equal(await transaction(() => client.delete('watched')), null);
    t.equal(await transaction(() => client.ask('POST', '/', '["SET","watched","as command"]')), null);
  }
  t.equal(await redis.run('GET', 'runs'), '1');
});
