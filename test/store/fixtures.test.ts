/** The test kit itself: real Redis servers and clusters, and the proxy in front of them, do what tests ask of them. */
import { existsSync } from 'node:fs';
import { type Test, test } from 'tap';
import { startRedisCluster } from './fixtures/redis-cluster.js';
import { type RedisServer, startRedis } from './fixtures/redis-server.js';
import { hasSent, startProxy } from './fixtures/tcp-proxy.js';
import { until } from './fixtures/until.js';

/** Whether a promise has settled once everything that is due by now has been done. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const turn = new Promise((resolve) => setImmediate(resolve, pending));
  return (await Promise.race([promise, turn])) !== pending;
}

/** Resolves when as much as this has reached a server that its other clients have been answered twice. */
async function twoRoundTrips(server: RedisServer): Promise<void> {
  const client = server.client();
  await client.ping();
  await client.ping();
}

test('a server answers by TCP and by socket, is empty after a restart, and is gone at the end', async (t) => {
  let directory = '';
  await t.test('within a test', async (t) => {
    const server = await startRedis(t, { password: 'p@ss' });
    directory = server.directory;
    t.equal(server.url, `redis://:p%40ss@127.0.0.1:${server.port}`);
    const [byPort, bySocket] = [server.client(), server.client({ path: server.socketPath })];
    await byPort.set('k', 'v');
    t.equal(await bySocket.get('k'), 'v');

    await server.restart();
    t.equal(await byPort.get('k'), null, 'the same client reconnects, and finds nothing');
    await byPort.set('k', 'v');
    await byPort.save();
    await server.restart();
    t.equal(await byPort.get('k'), 'v', 'what was saved comes back');

    await server.stop();
    t.equal(server.isRunning, false);
    t.match(server.log.at(-1), /bye bye/, 'SIGTERM lets it end in order');
    await server.restart();
    await server.kill();
    t.notMatch(server.log.join('\n'), /bye bye|shutdown/, 'SIGKILL does not');
  });
  t.notOk(existsSync(directory));
});

test('a frozen server answers nothing until it goes on, and can still be stopped', async (t) => {
  const server = await startRedis(t);
  const client = server.client();
  await client.ping();
  server.pause();
  const set = client.set('k', 'v');
  t.equal(await Promise.race([set, frozenFor(t, 50)]), 'frozen');
  server.resume();
  t.equal(await set, 'OK');
  server.pause();
  await server.stop();
});

/** A time in which a server that runs would have answered many times over. */
function frozenFor(t: Test, milliseconds: number): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds, 'frozen');
    t.teardown(() => clearTimeout(timer));
  });
}

test('a server takes arguments, other ones at a restart, and can be met while it loads', async (t) => {
  const server = await startRedis(t, {
    arguments: ['--user', 'ada', 'on', '>secret', '~*', '+@all', '--maxmemory', '5mb'],
  });
  const client = server.client({ username: 'ada', password: 'secret' });
  t.strictSame(await client.config('GET', 'maxmemory'), ['maxmemory', '5242880']);
  await client.mset(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, 'v'])));
  await client.save();
  const slow = ['--key-load-delay', '1000', '--loading-process-events-interval-bytes', '1024'];
  await server.restart({ arguments: slow, isLoading: true });
  const impatient = server.client({ enableReadyCheck: false, disableClientInfo: true });
  await t.rejects(impatient.get('k1'), /LOADING/);
});

test('a server speaks TLS, with a certificate that clients can trust', async (t) => {
  const server = await startRedis(t, { tls: true });
  t.match(server.url, /^rediss:/);
  t.equal(await server.client().ping(), 'PONG');
  t.ok(existsSync(server.certificatePath ?? ''));
});

test('a server can be the replica of another', async (t) => {
  const [master, other] = [await startRedis(t), await startRedis(t)];
  await master.client().set('k', 'v');
  await other.restart({ arguments: ['--replicaof', '127.0.0.1', String(master.port)] });
  const client = other.client();
  await until(async () => (await client.info('replication')).includes('master_link_status:up'));
  t.equal(await client.get('k'), 'v');
  await t.rejects(client.set('k', 'w'), /READONLY/);
});

test('a cluster serves all slots, and moves one with its keys', async (t) => {
  const cluster = await startRedisCluster(t);
  const client = cluster.client();
  await client.set('{a}1', 'one');
  await client.set('{a}2', 'two');
  const from = await cluster.masterOf('{a}1');
  const to = (from + 1) % 3;
  let answers: unknown;
  await cluster.moveSlot(await cluster.slotOf('{a}1'), to, async () => {
    await t.rejects(cluster.nodes[from]?.client().get('{a}3') ?? Promise.resolve(), /ASK/);
    answers = await client.get('{a}1');
  });
  t.equal(answers, 'one', 'keys are there while it moves');
  t.equal(await cluster.masterOf('{a}1'), to);
  t.strictSame(await Promise.all([client.get('{a}1'), client.get('{a}2')]), ['one', 'two']);
  await t.rejects(cluster.nodes[from]?.client().get('{a}1') ?? Promise.resolve(), /MOVED/);
});

test('a replica takes over from a master that was killed', async (t) => {
  const cluster = await startRedisCluster(t, { replicas: true, nodeTimeout: 1000 });
  const client = cluster.client();
  const master = await cluster.masterOf('k');
  const writer = cluster.nodes[master]?.client();
  await writer?.set('k', 'v');
  t.equal(await writer?.wait(1, 0), 1, 'the replica has it');
  await cluster.kill(master);
  await cluster.untilWell();
  t.equal(await cluster.masterOf('k'), master + 3);
  t.equal(await client.get('k'), 'v');
});

test('a proxy passes bytes on, each connection for itself', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  const client = server.client({ port: proxy.port });
  const value = Buffer.alloc(5_000_000, 'ä');
  await client.set('k', value);
  t.ok((await client.getBuffer('k'))?.equals(value));
  t.equal(proxy.connections, 1);
  await client.quit();
  await until(() => proxy.connections === 0);
});

test('a proxy delays each direction by itself', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  const client = server.client({ port: proxy.port, maxRetriesPerRequest: 0 });
  await client.ping();
  for (const direction of ['to server', 'to client'] as const) {
    const undo = proxy.delay(100, { direction });
    const start = performance.now();
    t.strictSame(await Promise.all([client.incr('n'), client.decr('n')]), [1, 0], 'in order');
    t.ok(performance.now() - start >= 99, direction);
    undo();
  }
  proxy.delay(60_000);
  const late = client.ping();
  await twoRoundTrips(server);
  t.equal(await isSettled(late), false, 'both by default');
  proxy.cut();
  await t.rejects(late);
});

test('a proxy holds bytes of one direction, and lets them go in order', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  const client = server.client({ port: proxy.port });
  await client.ping();
  const release = proxy.hold({ direction: 'to client' });
  const replies = Promise.all([client.incr('n'), client.incr('n')]);
  await until(async () => (await server.client().get('n')) === '2');
  t.equal(await isSettled(replies), false, 'Redis has done it and the client does not know');
  release();
  t.strictSame(await replies, [1, 2]);

  const letGo = proxy.hold({ direction: 'to server' });
  const set = client.set('k', 'v');
  await twoRoundTrips(server);
  t.equal(await server.client().get('k'), null, 'Redis has not seen it');
  letGo();
  await set;
});

test('a proxy holds the connection that subscribed, and no other', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  const subscriber = server.client({ port: proxy.port, protocol: 2 });
  const client = server.client({ port: proxy.port });
  await subscriber.subscribe('__redis__:invalidate');
  const messages: unknown[] = [];
  subscriber.on('messageBuffer', (_channel, keys) => messages.push(keys));
  const release = proxy.hold({ direction: 'to client', connection: hasSent('__redis__:invalidate') });
  await server.client().publish('__redis__:invalidate', 'x');
  t.equal(await client.ping(), 'PONG', 'the other goes on');
  t.equal(messages.length, 0);
  release();
  await until(() => messages.length === 1);
});

test('a proxy cuts connections, refuses new ones and takes them again', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  const client = server.client({ port: proxy.port, autoResendUnfulfilledCommands: false });
  await client.ping();
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  proxy.hold();
  const lost = client.set('k', 'v');
  proxy.refuse();
  proxy.cut();
  await t.rejects(lost);
  await until(() => errors.some((error) => String(error).includes('ECONNREFUSED')));
  t.equal(proxy.connections, 0);
  t.equal(await server.client().get('k'), null, 'what was held went down with its connection');
});

test('a proxy that refused takes connections again', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  proxy.refuse();
  const client = server.client({ port: proxy.port, maxRetriesPerRequest: null });
  const pong = client.ping();
  await new Promise((resolve) => client.once('error', resolve));
  await proxy.accept();
  t.equal(await pong, 'PONG');
});

test('a proxy passes on that the server died', async (t) => {
  const server = await startRedis(t);
  const proxy = await startProxy(t, server);
  const client = server.client({ port: proxy.port, retryStrategy: () => null });
  await client.ping();
  const closed = new Promise((resolve) => client.once('close', resolve));
  await server.kill();
  await closed;
  await until(() => proxy.connections === 0);
  t.pass('and is without connections');
});
