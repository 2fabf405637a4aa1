/** Masters of a Redis Cluster that die, are cut off, or hand over to their replica. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import t, { test } from 'tap';
import { startRedisCluster } from '../fixtures/redis-cluster.js';
import { until } from '../fixtures/until.js';
import { connectCache, connectionsOf } from './cluster-rig.js';

const cluster = await startRedisCluster(t, {
  replicas: true,
  nodeTimeout: 1_000,
  // Otherwise all masters refuse everything as long as one of them is dead.
  arguments: ['--cluster-require-full-coverage', 'no'],
});
const client = cluster.client();
const monitors = cluster.nodes.map((node) => node.client());

/** Keys of the other masters, to see that they do not suffer. */
async function keysElsewhere(key: string): Promise<string[]> {
  const master = await cluster.masterOf(key);
  const keys = Array.from({ length: 8 }, (_, i) => `elsewhere ${i}`);
  const masters = await Promise.all(keys.map((other) => cluster.masterOf(other)));
  return keys.filter((_, i) => masters[i] !== master);
}

/** Resolves when the replica of a key's master has all that was written there so far. */
async function replicated(key: string): Promise<void> {
  const master = monitors[await cluster.masterOf(key)] as Redis;
  // WAIT is about the writes of its own connection.
  await master.set(`${key}last`, '');
  await until(async () => (await master.wait(1, 1_000)) === 1);
}

/** The replica of a node, or the master of it: they stay a pair, whichever is which. */
function partnerOf(node: number): number {
  return (node + 3) % 6;
}

test('a master dies and its replica takes over: the other masters go on, hits are served meanwhile', async (t) => {
  const { read, write, has } = await connectCache(t, cluster.seeds);
  const others = await keysElsewhere('{d}');
  await client.mset('{d}read', 'old', '{d}changed', 'old');
  t.equal(await write('{d}written', 'old'), 'OK');
  t.equal(await read('{d}read'), 'old');
  t.equal(await read('{d}changed'), 'old');
  t.equal(await read('{d}absent'), undefined);
  const master = await cluster.masterOf('{d}');
  await replicated('{d}');
  await cluster.kill(master);

  let isPromoted = false;
  const promoted = until(async () => {
    const nodes = String(await monitors[partnerOf(master)]?.cluster('NODES'));
    return /myself,master.* \d+-\d+/.test(nodes);
  }).then(() => {
    isPromoted = true;
  });
  let rounds = 0;
  while (!isPromoted) {
    for (const key of ['{d}read', '{d}written', '{d}changed']) {
      // Not any more once it is known that the key has another master.
      const found = await read(key);
      if (!isPromoted) t.equal(found, 'old');
    }
    const outcome = await write('{d}new', `${rounds}`);
    if (!isPromoted && outcome !== 'OK') t.match(outcome, /^unavailable/);
    for (const key of others) {
      t.equal(await write(key, `${rounds}`), 'OK');
      t.equal(await read(key), `${rounds}`);
    }
    rounds++;
    await delay(20);
  }
  await promoted;
  t.comment(`${rounds} rounds without the master`);
  await client.mset('{d}changed', 'new', '{d}absent', 'new');
  const writtenAt = performance.now();
  await until(async () => (await read('{d}changed')) === 'new' && (await read('{d}absent')) === 'new');
  t.comment(`seen after ${Math.round(performance.now() - writtenAt)} ms`);
  await until(async () => (await write('{d}written', 'new')) === 'OK');
  t.equal(await client.get('{d}written'), 'new');
  t.equal(await read('{d}read'), 'old');
  t.ok(await has('{d}read'));
  await client.set('{d}read', 'foreign');
  await until(async () => (await read('{d}read')) === 'foreign');

  await cluster.nodes[master]?.restart();
  await cluster.untilWell();
  await until(async () =>
    String(await monitors[master]?.info('replication')).includes('master_link_status:up'),
  );
  t.equal(await write('{d}read', 'after'), 'OK');
  t.equal(await client.get('{d}read'), 'after');
  t.equal(await connectionsOf([monitors[master] as Redis]), 0, 'nothing is asked of a replica');
  t.equal(await connectionsOf(monitors), 6);
});

test('a failover by hand under load: nothing fails for longer than it takes, no write is lost, nothing old stays', async (t) => {
  const caches = await Promise.all([connectCache(t, cluster.seeds), connectCache(t, cluster.seeds)]);
  const keys = ['{h}1', '{h}2', '{h}3', '{h}4'];
  const master = await cluster.masterOf('{h}');
  const others = await keysElsewhere('{h}');
  const wrong: string[] = [];
  const failures: string[] = [];
  let isOver = false;
  const own = keys.map(async (key, i) => {
    const { read, write } = caches[i % 2] as (typeof caches)[0];
    for (let n = 1; !isOver; n++) {
      const outcome = await write(`${key} own`, String(n));
      if (outcome !== 'OK') failures.push(outcome);
      const found = await read(`${key} own`);
      if (found?.startsWith('unavailable')) failures.push(found);
      else if (outcome === 'OK' && found !== String(n)) wrong.push(`${key}: ${found} after ${n}`);
    }
  });
  const shared = keys.flatMap((key) =>
    [...caches.map(({ write }) => write), (name: string, value: string) => client.set(name, value)].map(
      async (write, writer) => {
        for (let n = 1; !isOver; n++) {
          const outcome = await write(key, `${writer} ${n}`);
          if (outcome !== 'OK') failures.push(outcome);
          for (const { read } of caches) await read(key);
        }
      },
    ),
  );
  const unharmed = others.map(async (key, i) => {
    const { read, write } = caches[i % 2] as (typeof caches)[0];
    for (let n = 1; !isOver; n++) {
      const outcome = await write(key, String(n));
      const found = await read(key);
      if (outcome !== 'OK' || found !== String(n)) wrong.push(`${key}: ${outcome}, ${found} after ${n}`);
    }
  });
  const replica = partnerOf(master);
  await delay(100);
  await monitors[replica]?.cluster('FAILOVER');
  await until(async () => String(await monitors[replica]?.info('replication')).includes('role:master'));
  await delay(300);
  isOver = true;
  await Promise.all([...own, ...shared, ...unharmed]);
  t.strictSame(wrong, []);
  t.comment(`${failures.length} refused: ${[...new Set(failures)].join(' | ')}`);
  t.ok(failures.every((failure) => failure.startsWith('unavailable')));
  await cluster.untilWell();
  for (const { read } of caches) {
    for (const key of keys) {
      const expected = (await client.get(key)) ?? undefined;
      await until(async () => (await read(key)) === expected);
      t.equal(await read(key), expected);
    }
  }
});

test('a master that hangs is replaced, and what it says when it goes on is not believed', async (t) => {
  const { read, write } = await connectCache(t, cluster.seeds);
  const others = await keysElsewhere('{s}');
  const master = await cluster.masterOf('{s}');
  await client.mset('{s}kept', 'old', '{s}other', 'old');
  await replicated('{s}');
  t.equal(await read('{s}kept'), 'old');
  cluster.nodes[master]?.pause();
  t.equal(await read('{s}kept'), 'old', 'a hit');
  const startedAt = performance.now();
  // The first one waits for an answer; those after it are refused at once, or answered when the replica has taken over.
  t.match(await read('{s}other'), /^unavailable/);
  for (let i = 0; i < 4; i++) t.match(await read('{s}other'), /^(unavailable|old)/);
  t.ok(performance.now() - startedAt < 2_500);
  for (const key of others) t.equal(await write(key, 'v'), 'OK');
  await until(async () => (await read('{s}other')) === 'old');
  const foreign = monitors[partnerOf(master)] as Redis;
  await foreign.mset('{s}kept', 'new', '{s}other', 'new');
  await until(async () => (await read('{s}kept')) === 'new' && (await read('{s}other')) === 'new');
  cluster.nodes[master]?.resume();
  const resumedAt = performance.now();
  while (performance.now() - resumedAt < 500) {
    t.equal(await read('{s}kept'), 'new');
    t.equal(await read('{s}other'), 'new');
    await foreign.set('{s}other', 'new');
  }
  await cluster.untilWell();
});

test('a master that is cut off from the others serves nothing, and what it had said is served', async (t) => {
  const { read, write } = await connectCache(t, cluster.seeds);
  const master = await cluster.masterOf('{p}');
  await client.set('{p}kept', 'old');
  t.equal(await read('{p}kept'), 'old');
  const rest = cluster.nodes.filter((_, i) => i !== master);
  for (const node of rest) node.pause();
  await until(async () => String(await monitors[master]?.cluster('INFO')).includes('cluster_state:fail'));
  t.equal(await read('{p}kept'), 'old');
  t.match(await read('{p}other'), /^unavailable/);
  t.match(await write('{p}kept', 'new'), /^unavailable/);
  for (const node of rest) node.resume();
  await until(async () => (await write('{p}kept', 'newer')) === 'OK');
  await cluster.untilWell();
  await until(async () => (await client.get('{p}kept')) === 'newer');
  await until(async () => (await read('{p}kept')) === 'newer');
});
