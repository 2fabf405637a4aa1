/** The running program: what its metrics say of the store behind it, whichever worker is asked. */
import t from 'tap';
import { type Client, startHotshard, startReady } from '../store/fixtures/hotshard.js';
import { startRedis } from '../store/fixtures/redis-server.js';
import { until } from '../store/fixtures/until.js';
import { readExposition, sampleOf } from './read-exposition.js';

async function metric(client: Client, name: string, labels?: string): Promise<number | undefined> {
  return sampleOf((await client.ask('GET', '/metrics')).text, name, labels);
}

/** What must never fall: all counters, and what is in histograms, by series. */
async function counters(client: Client): Promise<ReadonlyMap<string, number>> {
  const families = readExposition((await client.ask('GET', '/metrics')).text);
  const rising = [...families].filter(([, { type }]) => type !== 'gauge');
  return new Map(
    rising.flatMap(([name, { samples }]) => [...samples].map(([labels, value]) => [name + labels, value])),
  );
}

t.test('a store that goes away and comes back', async (t) => {
  const redis = await startRedis(t);
  const hotshard = await startReady(t, { args: ['--redis', redis.url], workers: 2 });
  const clients = await hotshard.clients();
  for (const client of clients) {
    t.equal(await metric(client, 'hotshard_store_up'), 1);
    t.equal(await metric(client, 'hotshard_store_connections'), 2);
    t.equal(await metric(client, 'hotshard_epoch_changes_total'), 2, 'a session for each worker');
    await client.set('k', 'v');
  }
  for (const client of clients) {
    await until(
      async () =>
        (await metric(client, 'hotshard_requests_total', '{protocol="http1",op="set",status="2xx"}')) === 2,
    );
  }
  await redis.stop();
  for (const client of clients) {
    await until(async () => (await metric(client, 'hotshard_store_connections')) === 0);
    t.equal(await metric(client, 'hotshard_store_up'), 0);
    t.match(JSON.parse((await client.ask('GET', '/stats')).text).store, {
      kind: 'redis',
      up: false,
      links: 0,
    });
  }
  await redis.restart();
  for (const client of clients) {
    await until(async () => (await metric(client, 'hotshard_store_up')) === 1);
    t.equal(await metric(client, 'hotshard_epoch_changes_total'), 4);
  }
});

t.test('a worker that dies takes its connections along', async (t) => {
  const hotshard = await startHotshard(t, { workers: 2, isMortal: true });
  const [first, second] = await hotshard.clients();
  if (first === undefined || second === undefined) throw new Error('there are two workers');
  await until(async () => (await metric(second, 'hotshard_connections')) === 2);
  await first.set('k', 'v');
  for (const path of ['/get/k', '/get/k', '/get/absent']) await first.ask('GET', path);
  const before = await counters(second);
  t.equal(before.get('hotshard_hits_total'), 2);
  await first.ask('POST', '/die').catch(() => {});
  await until(async () => (await metric(second, 'hotshard_worker_restarts_total')) === 1);
  t.equal(await metric(second, 'hotshard_connections'), 1);
  t.equal(await metric(second, 'hotshard_workers'), 2);
  const stays = async (client: Client): Promise<void> => {
    const after = await counters(client);
    const fallen = [...before].filter(([series, value]) => !((after.get(series) ?? Number.NaN) >= value));
    t.strictSame(fallen, [], 'what it counted stays, whichever worker is asked');
    t.equal(after.get('hotshard_hits_total'), 2);
  };
  // Before others connect, which would make up for connections that were forgotten.
  await stays(second);
  for (const client of await hotshard.clients()) await stays(client);
});
