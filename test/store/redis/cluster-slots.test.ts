/** Slots of a Redis Cluster that are moved from one master to another while their keys are read and written. */
import type { Redis } from 'ioredis';
import t, { test } from 'tap';
import { startRedisCluster } from '../fixtures/redis-cluster.js';
import { startRedis } from '../fixtures/redis-server.js';
import { until } from '../fixtures/until.js';
import { connectCache, connectionsOf } from './cluster-rig.js';

const cluster = await startRedisCluster(t);
const client = cluster.client();
const monitors = cluster.nodes.map((node) => node.client());

/** A master that does not have the key's slot. */
async function anotherThan(key: string): Promise<number> {
  return ((await cluster.masterOf(key)) + 1) % 3;
}

/** Moves the slot of a key to another master. */
async function move(key: string, meanwhile?: () => Promise<void>): Promise<void> {
  await cluster.moveSlot(await cluster.slotOf(key), await anotherThan(key), meanwhile);
}

/** Moves one key of a slot that is on the move. */
async function migrate(key: string): Promise<void> {
  const [from, to] = [await cluster.masterOf(key), await anotherThan(key)];
  const port = Number(cluster.nodes[to]?.port);
  await monitors[from]?.call('MIGRATE', '127.0.0.1', port, '', 0, 5000, 'KEYS', key);
}

test('keys are read and written while their slot is on the move, and kept again after', async (t) => {
  const { cache, read, write, has, counters } = await connectCache(t, cluster.seeds);
  await client.mset('{s}stays', 'old', '{s}goes', 'old', '{s}rewritten', 'old', '{s}deleted', 'old');
  for (const key of ['{s}stays', '{s}goes', '{s}rewritten', '{s}deleted']) t.equal(await read(key), 'old');
  const errors = counters().storeErrors;
  await move('{s}', async () => {
    t.equal(await read('{s}stays'), 'old', 'at the old master');
    for (const key of ['{s}goes', '{s}rewritten', '{s}deleted']) await migrate(key);
    t.equal(await read('{s}goes'), 'old', 'at the new master');
    t.notOk(await has('{s}goes'), 'nobody would tell of its changes: it is not kept');
    t.equal(await write('{s}rewritten', 'new'), 'OK');
    t.equal(await read('{s}rewritten'), 'new');
    t.equal(await client.get('{s}rewritten'), 'new');
    t.equal(await cache.delete('{s}deleted'), true);
    t.equal(await read('{s}deleted'), undefined);
    t.notOk(await has('{s}deleted'));
    t.equal(
      await write('{s}created', 'new'),
      'OK',
      'what the old master does not have is written at the new one',
    );
    t.equal(await cache.expire('{s}created', 100_000), true);
    t.ok((await client.pttl('{s}created')) > 90_000);
    await client.set('{s}goes', 'foreign');
    t.equal(await read('{s}goes'), 'foreign', 'at once: it was told of when it went');
  });
  t.equal(await read('{s}stays'), 'old');
  t.equal(await read('{s}rewritten'), 'new');
  await until(async () => (await read('{s}created')) === 'new' && (await has('{s}created')));
  await client.set('{s}created', 'foreign');
  await until(async () => (await read('{s}created')) === 'foreign');
  t.equal(counters().storeErrors, errors, 'nothing failed');
});

test('an absence remembered at the old master is forgotten while the slot is still on the move', async (t) => {
  const { read, has } = await connectCache(t, cluster.seeds);
  t.equal(await read('{f}'), undefined);
  t.ok(await has('{f}'), 'it is remembered');
  await move('{f}', async () => {
    await client.set('{f}', 'foreign');
    const writtenAt = performance.now();
    await until(async () => (await read('{f}')) === 'foreign');
    t.comment(`seen after ${Math.round(performance.now() - writtenAt)} ms`);
  });
});

test('an absence remembered at the old master is forgotten when the slot has moved unseen', async (t) => {
  const { read, has } = await connectCache(t, cluster.seeds);
  for (let round = 0; round < 3; round++) {
    const key = `{u}${round}`;
    t.equal(await read(key), undefined);
    t.ok(await has(key), 'it is remembered');
    await move(key);
    await client.set(key, 'foreign');
    const writtenAt = performance.now();
    await until(async () => (await read(key)) === 'foreign');
    t.comment(`seen after ${Math.round(performance.now() - writtenAt)} ms`);
  }
});

test('under load, with slots on the move, no write is lost and nothing old stays', async (t) => {
  const caches = await Promise.all([connectCache(t, cluster.seeds), connectCache(t, cluster.seeds)]);
  const keys = ['{x}1', '{x}2', '{y}1', '{y}2', '{z}1', '{z}2', '{w}1', '{w}2'];
  const failures: (string | undefined)[] = [];
  let operations = 0;
  let isOver = false;

  /** Each key has one writer that expects to read what it wrote. */
  const own = keys.map(async (key, i) => {
    const { read, write } = caches[i % 2] as (typeof caches)[0];
    for (let n = 1; !isOver; n++) {
      const written = await write(`${key} own`, String(n));
      const found = await read(`${key} own`);
      operations += 2;
      if (written !== 'OK') failures.push(written);
      else if (found !== String(n)) failures.push(`${key}: ${found} after ${n}`);
    }
  });
  /** And each has three that write it as they like. */
  const shared = keys.flatMap((key) =>
    [...caches.map(({ write }) => write), (name: string, value: string) => client.set(name, value)].map(
      async (write, writer) => {
        for (let n = 1; !isOver; n++) {
          const written = await write(key, `${writer} ${n}`);
          operations++;
          if (written !== 'OK') failures.push(String(written));
          if (writer === 2) await client.del(key);
        }
      },
    ),
  );
  const readers = keys.flatMap((key) =>
    caches.map(async ({ read }) => {
      while (!isOver) {
        const found = await read(key);
        operations++;
        if (found?.startsWith('unavailable')) failures.push(found);
        await new Promise(setImmediate);
      }
    }),
  );
  const moves = (async () => {
    for (let round = 0; round < 5; round++) for (const key of ['{x}', '{y}', '{z}']) await move(key);
    isOver = true;
  })();
  await Promise.all([...own, ...shared, ...readers, moves]);
  t.comment(`${operations} operations`);
  t.strictSame(failures, []);
  for (const { read } of caches) {
    for (const key of keys) {
      const expected = (await client.get(key)) ?? undefined;
      await until(async () => (await read(key)) === expected);
      t.equal(await read(key), expected);
    }
  }
});

test('connections do not pile up', async (t) => {
  await until(async () => (await connectionsOf(monitors)) === 0);
  const { read } = await connectCache(t, cluster.seeds);
  for (let round = 0; round < 10; round++) {
    await move('{c}');
    await read(`{c}${round}`);
  }
  await until(async () => (await connectionsOf(monitors)) === 6);
});

test('a node that joins is connected to when the first slot is on its way to it, and left when it has none', async (t) => {
  const joining = await startRedis(t, {
    // By default a master that loses its last slot becomes a replica.
    arguments: ['--cluster-enabled', 'yes', '--cluster-allow-replica-migration', 'no'],
  });
  const target = joining.client();
  await target.call('CLUSTER', 'MEET', '127.0.0.1', String(cluster.nodes[0]?.port));
  const everybody = [...monitors, target];
  for (const node of everybody) {
    await until(async () => {
      const info = String(await node.cluster('INFO'));
      return info.includes('cluster_known_nodes:4') && info.includes('cluster_state:ok');
    });
  }
  const slot = String(await cluster.slotOf('{j}'));
  const source = monitors[await cluster.masterOf('{j}')] as Redis;
  const ids = await Promise.all([source, target].map((node) => node.call('CLUSTER', 'MYID')));
  const handOver = async (from: Redis, to: Redis, [fromId, toId]: unknown[]): Promise<void> => {
    await to.call('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
    await from.call('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
  };
  const settle = async (owner: unknown, nodes: readonly Redis[]): Promise<void> => {
    for (const node of nodes) await node.call('CLUSTER', 'SETSLOT', slot, 'NODE', String(owner));
  };

  const { read, write, has, log } = await connectCache(t, cluster.seeds);
  await handOver(source, target, ids);
  t.equal(await write('{j}', 'v'), 'OK', 'not refused, though nobody has heard of the node before');
  t.equal(await read('{j}'), 'v');
  await settle(ids[1], [target, source, ...monitors.filter((node) => node !== source)]);
  t.equal(await read('{j}'), 'v');
  await until(() => has('{j}'));
  await target.set('{j}', 'foreign');
  await until(async () => (await read('{j}')) === 'foreign');
  await handOver(target, source, [...ids].reverse());
  await target.call('MIGRATE', '127.0.0.1', Number(source.options.port), '', 0, 5000, 'KEYS', '{j}');
  await settle(ids[0], [source, target, ...monitors.filter((node) => node !== source)]);
  t.equal(await read('{j}'), 'foreign');
  await until(() => log.some((message) => message.includes('serves no slot')));
  await until(async () => (await connectionsOf([target])) === 0);
});
