/** A Redis Cluster behind the map: keys of all its masters, how it is found, and what is left when it is let go. */
import t, { test } from 'tap';
import { freePort } from '../fixtures/free-port.js';
import { startReady } from '../fixtures/hotshard.js';
import { startRedisCluster } from '../fixtures/redis-cluster.js';
import { startRedis } from '../fixtures/redis-server.js';
import { serveWith } from '../fixtures/served.js';
import { until } from '../fixtures/until.js';
import { connectCache, connectionsOf, openCache } from './cluster-rig.js';

const cluster = await startRedisCluster(t, {
  nodeTimeout: 1_000,
  arguments: [
    ...['--user', 'ada', 'on', '>secret', '~*', '&*', '+@all'],
    // Otherwise all masters refuse everything as long as one of them is dead.
    ...['--cluster-require-full-coverage', 'no'],
  ],
});
const client = cluster.client();
const monitors = cluster.nodes.map((node) => node.client());

/** Keys of all three masters, three of each at least. */
const KEYS = Array.from({ length: 18 }, (_, i) => `k${i}`);

test('what is written through is in the cluster and in the map', async (t) => {
  const { write, has } = await connectCache(t, cluster.seeds);
  for (const key of KEYS) {
    t.equal(await write(key, `${key} by hotshard`), 'OK');
    t.equal(await client.get(key), `${key} by hotshard`);
    t.ok(await has(key), 'it is kept');
  }
  t.equal(new Set(await Promise.all(KEYS.map((key) => cluster.masterOf(key)))).size, 3);
});

test('foreign changes are seen, whichever master they are at', async (t) => {
  const { read, has, counters } = await connectCache(t, cluster.seeds);
  for (const key of KEYS) {
    await client.set(key, 'old');
    t.equal(await read(key), 'old');
    t.ok(await has(key), 'it is kept');
    await client.set(key, 'new');
    await until(async () => (await read(key)) === 'new');
    await client.del(key);
    await until(async () => (await read(key)) === undefined);
    t.ok(await has(key), 'it is known to be absent');
    await client.set(key, 'there again');
    await until(async () => (await read(key)) === 'there again');
  }
  const { absentHits, fetches, invalidations, storeErrors } = counters();
  t.ok(absentHits >= KEYS.length);
  t.ok(fetches >= 4 * KEYS.length);
  t.ok(invalidations >= 3 * KEYS.length);
  t.equal(storeErrors, 0);
});

test('deletes and changes of the time to live go through', async (t) => {
  const { cache, read } = await connectCache(t, cluster.seeds);
  for (const key of KEYS) {
    await client.set(key, 'value');
    t.equal(await cache.expire(key, 100_000), true);
    t.ok((await client.pttl(key)) > 90_000);
    t.equal(await cache.delete(key), true);
    t.equal(await client.exists(key), 0);
    t.equal(await cache.delete(key), false);
    t.equal(await cache.expire(key, 100_000), false);
    t.equal(await read(key), undefined);
  }
});

test('keys with hash tags, and what looks like one, are found where Redis has them', async (t) => {
  for (const prefix of ['', 'p:', '{p}', 'p{']) {
    const { write, read, has } = await connectCache(t, cluster.seeds, { 'redis-prefix': prefix });
    for (const key of ['{a}1', 'b{a}2', 'a{}b}', 'a{}{b}', '{{a}}', '}a{b', 'a{b', 'grüße {ü}']) {
      t.equal(await write(key, prefix), 'OK', key);
      t.equal(await client.get(prefix + key), prefix);
      t.ok(await has(key));
      await client.set(prefix + key, 'foreign');
      await until(async () => (await read(key)) === 'foreign');
    }
  }
});

test('user and password of the first seed are those of all nodes', async (t) => {
  const [first = ''] = cluster.seeds;
  const { write, log } = await connectCache(t, [`redis://ada:secret@${first}`]);
  for (const key of KEYS) t.equal(await write(key, 'v'), 'OK');
  for (const monitor of monitors) {
    t.equal(String(await monitor.client('LIST')).match(/ user=ada /g)?.length, 2);
  }
  t.notOk(log.some((message) => message.includes('secret')));
});

test('one seed that lives is enough', async (t) => {
  const dead = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const { write, log } = await connectCache(t, [...dead, ...cluster.seeds.slice(1, 2)]);
  for (const key of KEYS) t.equal(await write(key, 'v'), 'OK');
  for (const seed of dead) t.equal(log.filter((message) => message.includes(seed)).length, 1, 'said once');
});

test('as long as no seed answers, what needs the cluster is refused and the reason is logged once', async (t) => {
  const seeds = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
  const { read, log, isConnected } = await openCache(t, seeds);
  await until(() => log.length >= 2);
  t.match(await read('k'), /^unavailable: .*ECONNREFUSED/);
  // Some rounds of questions later.
  const startedAt = performance.now();
  await until(() => performance.now() - startedAt > 400);
  t.equal(log.length, 2);
  t.notOk(isConnected());
});

test('a Redis that is no cluster is said to be none', async (t) => {
  const single = await startRedis(t);
  const reason = 'This instance has cluster support disabled';
  const served = await serveWith(t, ['--workers', '1', '--redis-cluster', `127.0.0.1:${single.port}`]);
  const line = await served.logged("the Redis Cluster can't be asked");
  t.ok(line.msg.includes(reason));
  const read = await fetch(`${served.url}/get/k`);
  t.equal(read.status, 503);
  t.ok(Number(read.headers.get('retry-after')) >= 1);
  t.equal((await fetch(`${served.url}/readyz`)).status, 503);
  t.equal((await fetch(`${served.url}/healthz`)).status, 200);
});

test('a node of a cluster that is taken for a Redis of its own says what it takes', async (t) => {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('there is no node');
  const hotshard = await startReady(t, { args: ['--redis', `redis://127.0.0.1:${node.port}`], workers: 1 });
  const statuses = new Set<number>();
  for (const key of KEYS) {
    const { status, text } = await hotshard.client.get(key);
    statuses.add(status);
    if (status === 503) t.match(text, /it takes --redis-cluster/);
  }
  t.strictSame([...statuses].sort(), [200, 503], 'its own keys it has');
});

test('a server with workers is ready once each has reached every master, and leaves nothing open', async (t) => {
  await until(async () => (await connectionsOf(monitors)) === 0);
  const served = await serveWith(t, ['--workers', '2', '--redis-cluster', cluster.seeds.join(',')]);
  await until(async () => (await fetch(`${served.url}/readyz`)).status === 200);
  // A pair from each worker to each master. On a slow machine an attempt may be given up, and its end seen later.
  await until(async () => (await connectionsOf(monitors)) === 2 * 3 * 2);
  served.stop();
  t.equal(await served.ended, 0);
  await until(async () => (await connectionsOf(monitors)) === 0);
});

test('a cache that is stopped leaves no connection open, and makes none', async (t) => {
  await until(async () => (await connectionsOf(monitors)) === 0);
  const { stop, read } = await connectCache(t, cluster.seeds);
  t.equal(await connectionsOf(monitors), 3 * 2);
  const reads = KEYS.map((key) => read(`${key} that nobody has read`));
  stop();
  // Each ends, whether its answer was on the way already or not.
  for (const outcome of await Promise.all(reads)) t.match(outcome ?? 'unavailable', /^unavailable/);
  t.match(await read('another one'), /^unavailable/);
  await until(async () => (await connectionsOf(monitors)) === 0);
});

test('a cluster that has lost a master for good is reached without it', async (t) => {
  const lost = await cluster.masterOf('k0');
  const isElsewhere = await Promise.all(KEYS.map(async (key) => (await cluster.masterOf(key)) !== lost));
  await cluster.kill(lost);
  const [survivor] = monitors.filter((_, i) => i !== lost);
  await until(async () => / master,fail /.test(String(await survivor?.cluster('NODES'))));
  const { write } = await connectCache(t, cluster.seeds);
  for (const [i, key] of KEYS.entries()) {
    t.match(await write(key, 'v'), isElsewhere[i] ? /^OK/ : /^unavailable/);
  }
});
