/** What others do in Redis, and what other workers and processes do, against what is served. */
import t from 'tap';
import { type Client, startReady } from '../fixtures/hotshard.js';
import { startRedis } from '../fixtures/redis-server.js';
import { hasSent, startProxy } from '../fixtures/tcp-proxy.js';
import { until } from '../fixtures/until.js';

const TRACKED = hasSent('TRACKING');
const TELLING = hasSent('__redis__:invalidate');

/** Reads a key some more times: what has been served once as new is never followed by something old. */
async function staysAt(clients: readonly Client[], key: string, value: string | undefined): Promise<boolean> {
  const reads = clients.flatMap((client) => Array.from({ length: 5 }, () => client.value(key)));
  return (await Promise.all(reads)).every((read) => read === value);
}

t.test('no change in Redis leaves an old value, and own ones cost no misses', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const [hotshard, other] = await Promise.all([
    startReady(t, { args: ['--redis', redis.url] }),
    startReady(t, { args: ['--redis', redis.url], workers: 1 }),
  ]);
  const clients = await hotshard.clients();

  const changes: Record<string, { change: () => Promise<unknown>; leaves: string | undefined }> = {
    SET: { change: () => direct.set('k', 'new'), leaves: 'new' },
    'SET by another process': { change: () => other.client.set('k', 'new'), leaves: 'new' },
    'DELETE by another process': { change: () => other.client.delete('k'), leaves: undefined },
    APPEND: { change: () => direct.append('k', 'er'), leaves: 'older' },
    DEL: { change: () => direct.del('k'), leaves: undefined },
    PEXPIRE: { change: () => direct.pexpire('k', 20), leaves: undefined },
    'RENAME to it': {
      change: () => direct.mset('n', 'new').then(() => direct.rename('n', 'k')),
      leaves: 'new',
    },
    'RENAME of it': { change: () => direct.rename('k', 'elsewhere'), leaves: undefined },
    FLUSHDB: { change: () => direct.flushdb(), leaves: undefined },
    FLUSHALL: { change: () => direct.flushall(), leaves: undefined },
    'FLUSHALL and SET': { change: () => direct.multi().flushall().set('k', 'new').exec(), leaves: 'new' },
    'a transaction': { change: () => direct.multi().set('k', '1').set('k', '2').exec(), leaves: '2' },
  };
  for (const [name, { change, leaves }] of Object.entries(changes)) {
    for (const origin of ['fetched', 'written'] as const) {
      await direct.set('k', 'old');
      for (const client of clients) await client.untilValue('k', 'old');
      if (origin === 'written') await clients[0]?.set('k', 'old');
      for (const client of clients) await client.untilValue('k', 'old');
      await change();
      for (const client of clients) await client.untilValue('k', leaves);
      t.ok(await staysAt(clients, 'k', leaves), `${name} of what was ${origin}`);
    }
  }

  await t.test('a time to live that was put upon it later', async (t) => {
    await direct.set('mortal', 'v');
    await clients[0]?.value('mortal');
    await direct.pexpire('mortal', 100);
    await clients[0]?.untilValue('mortal', undefined);
    t.equal(await direct.exists('mortal'), 0);
  });

  await t.test('own writes do not lower the hit ratio', async (t) => {
    const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
    await Promise.all(keys.map((key) => hotshard.client.set(key, 'v')));
    for (const client of clients) {
      await Promise.all(keys.map((key) => client.get(key)));
    }
    const before = await hotshard.client.stats();
    let turn = 0;
    const user = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) {
        turn++;
        // Other keys are written in each round over all of them.
        const key = keys[(turn * 7919 + Math.floor(turn / keys.length)) % keys.length] ?? '';
        if (turn % 5 === 0) await hotshard.client.set(key, `v${turn}`);
        else await hotshard.client.get(key);
      }
    };
    await Promise.all(Array.from({ length: 8 }, user));
    const { hits, misses } = await hotshard.client.stats();
    const ratio = (hits - before.hits) / (hits - before.hits + misses - before.misses);
    t.ok(ratio >= 0.99, `${hits - before.hits} hits, ${misses - before.misses} misses`);
    t.equal(hits - before.hits + misses - before.misses, 640, 'each read counts once');
  });
});

t.test('what Redis evicts, or no longer tracks, is served no more and told of anew', async (t) => {
  const keys = Array.from({ length: 200 }, (_, i) => `k${i}`);
  const situations = {
    // With NOLOOP Redis would not tell a connection what is evicted on the occasion of its own commands.
    eviction: ['--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-random'],
    'a full table of tracked keys': ['--tracking-table-max-keys', '20'],
  };
  await Promise.all(
    Object.entries(situations).map(async ([name, options]) => {
      const redis = await startRedis(t, { arguments: options });
      const direct = redis.client();
      const { client } = await startReady(t, { args: ['--redis', redis.url], workers: 1 });
      // Half of them are read and half of them written; all are then in the map.
      await Promise.all(
        keys.map(async (key, i) => {
          if (i % 2 === 0) return await client.set(key, 'old');
          await direct.set(key, 'old');
          return await client.get(key);
        }),
      );
      // It is hotshard's own writes that push the others out.
      const filler = 'x'.repeat(10_000);
      await Promise.all(Array.from({ length: 400 }, (_, i) => client.set(`filler${i}`, filler)));
      const gone = await Promise.all(keys.map(async (key) => (await direct.exists(key)) === 0));
      if (name === 'eviction') t.ok(gone.filter(Boolean).length > 50, 'enough are gone');
      await Promise.all(keys.map((key, i) => (gone[i] ? client.untilValue(key, undefined) : undefined)));
      await direct.config('SET', 'maxmemory', '0');
      await Promise.all(keys.map((key) => direct.set(key, 'new')));
      await Promise.all(keys.map((key) => client.untilValue(key, 'new')));
      t.pass(name);
    }),
  );
});

t.test('connections that are slow or lost', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const proxy = await startProxy(t, redis);
  const hotshard = await startReady(t, { args: ['--redis', proxy.url] });
  const clients = await hotshard.clients();
  const [client] = clients;
  if (client === undefined) throw new Error('two workers were asked for');

  await t.test(
    'a read after a write that was answered gets what was written, whichever worker it asks',
    async (t) => {
      // Echoes come late, and so does what the other worker is told.
      const undo = proxy.delay(15, { connection: TELLING });
      for (let i = 0; i < 30; i++) {
        const writer = clients[i % clients.length];
        await writer?.set('k', String(i));
        for (const client of clients) t.equal(await client.value('k'), String(i));
      }
      undo();
    },
  );

  await t.test('the late echo of an own write costs no reader a miss', async (t) => {
    await client.set('echoed', 'first');
    const { misses } = await client.stats();
    const undo = proxy.delay(15, { connection: TELLING });
    for (let i = 0; i < 5; i++) {
      const before = await client.counted('invalidations');
      await client.set('echoed', String(i));
      await until(async () => (await client.counted('invalidations')) > before);
      t.match(await client.get('echoed'), { text: String(i), headers: { 'x-cache': 'hit' } });
    }
    t.equal((await client.stats()).misses, misses);
    undo();
  });

  await t.test('a worker that can not come back has nothing served by those who have Redis', async (t) => {
    const keys = clients.map((_, worker) => `k${worker}`);
    const changeAll = async (value: string): Promise<void> => {
      await Promise.all(keys.map((key) => direct.set(key, value)));
    };
    await changeAll('old');
    for (const [worker, client] of clients.entries()) await client.untilValue(`k${worker}`, 'old');
    proxy.refuse();
    let cut = 0;
    proxy.cut((connection) => TRACKED(connection) && cut++ === 0);
    await until(async () => (await hotshard.client.counted('storeLinks')) === 1);
    await changeAll('new');
    // Another key each: that one is absent is remembered for both.
    const isConnected = await Promise.all(
      clients.map(async (client, worker) => (await client.get(`absent ${worker}`)).status !== 503),
    );
    t.equal(isConnected.filter(Boolean).length, 1);
    const connected = clients[isConnected.indexOf(true)];
    for (const key of keys) await connected?.untilValue(key, 'new');
    t.ok(await staysAt(clients, 'k0', 'new'));
    t.ok(await staysAt(clients, 'k1', 'new'));

    // Now nobody has it, and what there is, is the best there is.
    proxy.cut();
    await until(async () => (await hotshard.client.counted('storeLinks')) === 0);
    await changeAll('newer');
    t.ok(await staysAt(clients, 'k0', 'new'));
    t.ok(await staysAt(clients, 'k1', 'new'));
    await proxy.accept();
    for (const client of clients) {
      await client.untilValue('k0', 'newer');
      await client.untilValue('k1', 'newer');
    }
  });

  await t.test('what was cached before the news stopped is not served after', async (t) => {
    const key = 'lost';
    const change = (): Promise<unknown> => direct.set(key, 'new');
    const losses: Record<string, () => unknown> = {
      'the connection that is told': () => proxy.cut(TELLING),
      'the connection that asks': () => proxy.cut(TRACKED),
      'a connection that Redis ends': async () => {
        const list = String(await direct.client('LIST'));
        const ids = [...list.matchAll(/id=(\d+) .*sub=1/g)].map(([, id]) => id);
        for (const id of ids) await direct.call('CLIENT', 'KILL', 'ID', String(id));
      },
      'a connection that stands still': async () => {
        const release = proxy.hold({ direction: 'to client', connection: TELLING });
        await change();
        await until(() => hotshard.log.some(({ msg }) => msg.includes('has not answered for too long')));
        release();
      },
    };
    for (const [name, lose] of Object.entries(losses)) {
      await direct.set(key, 'old');
      await client.untilValue(key, 'old');
      await lose();
      await change();
      await client.untilValue(key, 'new');
      t.ok(await staysAt(clients, key, 'new'), name);
      // The other worker may have come back later.
      await until(async () => (await client.counted('storeLinks')) === clients.length);
    }
  });
});

t.test('races of own and foreign writers end with what Redis has', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const proxies = await Promise.all([startProxy(t, redis), startProxy(t, redis)]);
  const processes = await Promise.all(
    proxies.map((proxy) => startReady(t, { args: ['--redis', proxy.url, '--ttl', '100s'] })),
  );
  const clients = (await Promise.all(processes.map((process) => process.clients()))).flat();
  const keys = ['a', 'b', 'c'];
  const key = (): string => keys[Math.floor(Math.random() * keys.length)] ?? 'a';
  const rounds = 4;
  for (let round = 0; round < rounds; round++) {
    const undo = proxies.flatMap((proxy) => [
      proxy.delay(Math.random() * 8, { direction: 'to client', connection: TELLING }),
      proxy.delay(Math.random() * 8, { direction: 'to client', connection: TRACKED }),
      proxy.delay(Math.random() * 8, { direction: 'to server' }),
    ]);
    const own = clients.flatMap((client, n) =>
      Array.from({ length: 4 }, async () => {
        for (let i = 0; i < 8; i++) {
          const action = Math.random();
          if (action < 0.4) await client.get(key());
          else if (action < 0.9) await client.set(key(), `own ${n} ${round} ${i}`);
          else await client.delete(key());
        }
      }),
    );
    const foreign = Array.from({ length: 2 }, async (_, n) => {
      for (let i = 0; i < 30; i++) {
        if (i % 7 === 0) await direct.del(key());
        else await direct.set(key(), `foreign ${n} ${round} ${i}`);
        if (i % 2 === 0) await direct.ping();
      }
    });
    await Promise.all([...own, ...foreign]);
    for (const end of undo) end();
    for (const name of keys) {
      const now = (await direct.get(name)) ?? undefined;
      for (const client of clients) await client.untilValue(name, now);
      t.ok(await staysAt(clients, name, now), `${name} in round ${round}`);
    }
  }
});

t.test('what a worker that dies had cached is fetched again', async (t) => {
  const redis = await startRedis(t);
  const direct = redis.client();
  const hotshard = await startReady(t, { args: ['--redis', redis.url], isMortal: true });
  const [one, two] = await hotshard.clients();
  if (one === undefined || two === undefined) throw new Error('two workers were asked for');
  await direct.set('of one', 'old');
  await direct.set('of two', 'old');
  await one.value('of one');
  await two.value('of two');
  await t.rejects(one.ask('POST', '/die'));
  await hotshard.logged('worker died');
  await direct.set('of one', 'new');
  await direct.set('of two', 'new');
  await two.untilValue('of one', 'new');
  await two.untilValue('of two', 'new');
  t.ok(await staysAt([two], 'of one', 'new'));
  await until(async () => (await hotshard.client.counted('restarts')) === 1);
});
