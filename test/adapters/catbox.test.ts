/** The catbox engine: by itself, behind catbox's client, and as the cache of Hapi servers in several threads. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Client, type ClientApi } from '@hapi/catbox';
import { Server } from '@hapi/hapi';
import { type Test, test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import CatboxHotshard from '../../src/adapters/catbox.js';
import { PLAIN_THREAD } from '../plain.js';
import type { HapiWorkerInput } from './fixtures/hapi-worker.js';

const MIB = 1024 * 1024;
const MINUTE = 60_000;
const KEY = { segment: 's', id: 'k' };

const create = () => SharedCache.create({ maxMemory: MIB });

async function clientOf(cache: SharedCache, partition = 'test'): Promise<Client<unknown>> {
  const client = new Client(new CatboxHotshard({ cache, partition }));
  await client.start();
  return client;
}

test('items come back as they were, and belong to who got them', async (t) => {
  const client = await clientOf(create());
  const items = [
    '',
    'ä\0',
    0,
    -1.5,
    true,
    [],
    [1, [2]],
    { a: { b: null } },
    Buffer.from([0, 255]),
    Buffer.alloc(0),
  ];
  for (const item of items) {
    await client.set(KEY, item, MINUTE);
    t.strictSame((await client.get(KEY))?.item, item);
  }
  const item = { list: [1] };
  await client.set(KEY, item, MINUTE);
  item.list.push(2);
  const first = await client.get(KEY);
  t.strictSame(first?.item, { list: [1] }, 'changed after it was stored');
  (first as { item: typeof item }).item.list.push(3);
  t.strictSame((await client.get(KEY))?.item, { list: [1] }, 'changed after it was read');

  const bytes = Buffer.from('abc');
  await client.set(KEY, bytes, MINUTE);
  bytes.fill(0);
  const read = (await client.get(KEY))?.item as Buffer;
  t.equal(read.toString(), 'abc');
  read.fill(0);
  t.strictSame((await client.get(KEY))?.item, Buffer.from('abc'));
});

test('what is neither JSON nor a Buffer is refused', async (t) => {
  const client = await clientOf(create());
  await t.rejects(client.set(KEY, undefined, MINUTE), {
    message: /must be JSON or a Buffer, not a undefined/,
  });
  await t.rejects(
    client.set(KEY, () => {}, MINUTE),
    TypeError,
  );
  await t.rejects(client.set(KEY, 1n, MINUTE), TypeError);
});

test('partition, segment and id are kept apart, of any length', async (t) => {
  const cache = create();
  const texts = ['a', 'b', 'a:b', 'a","b', '","', '\ud800', '\ud801', 'x'.repeat(600), 'ä'.repeat(600)];
  const keys = texts.flatMap((segment) => ['', ...texts].map((id) => ({ segment, id })));
  const clients = [await clientOf(cache, 'one'), await clientOf(cache, 'two')];
  for (const [i, client] of clients.entries()) {
    for (const [j, key] of keys.entries()) await client.set(key, [i, j], MINUTE);
  }
  for (const [i, client] of clients.entries()) {
    for (const [j, key] of keys.entries()) t.strictSame((await client.get(key))?.item, [i, j]);
  }
  await clients[0]?.drop({ segment: 'a', id: 'b' });
  t.equal(cache.size, 2 * keys.length - 1);
  t.equal(await clients[0]?.get({ segment: 'a', id: 'b' }), null);
});

test('times to live', async (t) => {
  const cache = create();
  const client = await clientOf(cache);
  const before = Date.now();
  await client.set(KEY, 1, MINUTE);
  const after = Date.now();
  const found = await client.get(KEY);
  t.ok(found && found.stored >= before && found.stored <= after, 'stored now');
  t.ok(found && found.ttl > 0 && found.ttl <= MINUTE, 'what is left');
  const [key = ''] = cache.keys();
  t.ok((cache.ttl(key) ?? Infinity) <= MINUTE, 'the cache knows it too: it gives the memory back');

  await client.set(KEY, 1, 1);
  // The clock is all that is waited for.
  for (const stored = Date.now(); Date.now() <= stored + 1; );
  t.equal(await client.get(KEY), null);

  const engine = new CatboxHotshard({ cache });
  await engine.start();
  await engine.set(KEY, 1, Number.MAX_VALUE);
  t.match(await engine.get(KEY), { item: 1, ttl: Number.MAX_VALUE });
  await engine.set(KEY, 2, 0);
  t.equal(await engine.get(KEY), null, 'expired already');
  await t.rejects(engine.set(KEY, 1, Number.NaN), RangeError);
});

test('what does not fit is an error, and loses nothing', async (t) => {
  const client = await clientOf(SharedCache.create({ maxMemory: MIB, maxValueSize: 1_000 }));
  await client.set(KEY, 'small', MINUTE);
  await client.set({ segment: 's', id: 'other' }, 'other', MINUTE);
  await t.rejects(client.set(KEY, 'x'.repeat(1_000), MINUTE), {
    name: 'RangeError',
    message: "the item takes 1019 bytes, the cache's maxValueSize is 1000: it is not stored",
  });
  t.equal((await client.get(KEY))?.item, 'small');
  t.equal((await client.get({ segment: 's', id: 'other' }))?.item, 'other');
});

test('a full cache makes room', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * 1024 });
  const client = await clientOf(cache);
  for (let i = 0; i < 1_000; i++) await client.set({ segment: 's', id: `${i}` }, 'x'.repeat(1_000), MINUTE);
  t.ok(cache.stats().evictions > 0);
  t.ok(await client.get({ segment: 's', id: '999' }));
});

test('start and stop', async (t) => {
  const cache = create();
  const engine: ClientApi<unknown> = new CatboxHotshard({ cache });
  const client = new Client(engine);
  t.equal(client.isReady(), false);
  await t.rejects(client.get(KEY), { message: 'Disconnected' });
  const uses: Promise<unknown>[] = [engine.get(KEY), engine.set(KEY, 1, MINUTE), engine.drop(KEY)];
  for (const use of uses) {
    await t.rejects(use, { message: 'the cache engine is not started' });
  }
  await client.start();
  t.equal(client.isReady(), true);
  await client.set(KEY, 1, MINUTE);
  await client.stop();
  t.equal(client.isReady(), false);
  await client.start();
  t.match(await client.get(KEY), { item: 1 }, 'others may have gone on using it');
});

test('names of segments', (t) => {
  const engine = new CatboxHotshard({ cache: create() });
  t.equal(engine.validateSegmentName('any name: "ä"'), null);
  t.match(engine.validateSegmentName(''), Error);
  t.match(engine.validateSegmentName('a\0b'), Error);
  t.end();
});

test('the ways to give it a cache', async (t) => {
  const cache = create();
  const own = new CatboxHotshard({ maxMemory: MIB, maxKeys: 1, partition: 'p' });
  t.not(own.cache, cache);
  t.equal(own.cache.handle.options.maxKeys, 1);
  t.equal(new CatboxHotshard({ handle: cache.handle }).cache, cache);
  const client = new Client(CatboxHotshard, { cache } as object);
  await client.start();
  await client.set(KEY, 1, MINUTE);
  t.equal(cache.size, 1, 'as a constructor that catbox calls');
  cache.clear();
  t.throws(() => new Client(CatboxHotshard), { message: /maxMemory must be a number/ });

  const server = new Server({ cache: { engine: new CatboxHotshard({ cache }) } });
  const policy = server.cache({ segment: 'items', expiresIn: MINUTE });
  await server.initialize();
  await policy.set('k', { v: 1 });
  t.strictSame(await policy.get('k'), { v: 1 });
  t.equal(cache.size, 1, 'as the engine of the default cache');
  await server.stop();
});

test('servers of two threads share it', async (t) => {
  const cache = create();
  const [a, b] = await Promise.all([serve(t, 'a', cache), serve(t, 'b', cache)]);

  t.test('server.cache', async (t) => {
    const item = { list: [1, { ä: null }] };
    await a('PUT', '/items/k', item);
    t.strictSame(JSON.parse(await b('GET', '/items/k')), { item });
    await b('DELETE', '/items/k');
    t.strictSame(JSON.parse(await a('GET', '/items/k')), { item: null }, 'dropped');
  });

  t.test('server.method', async (t) => {
    const value = await a('GET', '/fast/x/y');
    t.match(value, /^x\/y a /);
    t.equal(await b('GET', '/fast/x/y'), value, 'found in the other thread');
    t.equal(await a('GET', '/fast/x/y'), value);
    t.match(await b('GET', '/fast/x%3Ay/z'), /^x:y\/z b /, 'other arguments');
    await b('DELETE', '/fast/x/y');
    t.match(await b('GET', '/fast/x/y'), /^x\/y b /, 'generated again after it was dropped');
  });

  t.test('generateTimeout', async (t) => {
    t.match(JSON.parse(await a('GET', '/slow')), { statusCode: 503 });
    await a('POST', '/release');
    const value = await b('GET', '/slow');
    t.match(value, /^a /, 'what came late is kept, and found in the other thread');
    t.equal(await a('GET', '/slow'), value);
  });

  t.test('staleIn and staleTimeout', async (t) => {
    const generating = a('GET', '/stale');
    await released(a, generating);
    const old = await generating;
    t.equal(await b('GET', '/stale'), old, 'fresh');
    await b('POST', '/age');
    t.equal(await b('GET', '/stale'), old, 'stale, served since generating takes too long');
    await b('POST', '/release');
    const fresh = await a('GET', '/stale');
    t.match(fresh, /^b /, 'the fresh one, generated in the other thread');
  });
});

type Fetch = (method: string, path: string, payload?: unknown) => Promise<string>;

/** Starts a server in a thread, which ends with the test. */
async function serve(t: Test, name: string, cache: SharedCache): Promise<Fetch> {
  const workerData: HapiWorkerInput = { name, handle: cache.handle };
  const worker = new Worker(new URL('./fixtures/hapi-worker.js', import.meta.url), {
    workerData,
    ...PLAIN_THREAD,
  });
  const ended = once(worker, 'exit');
  t.teardown(async () => {
    worker.postMessage('stop');
    await ended;
  });
  const [uri] = (await once(worker, 'message')) as [string];
  return async (method, path, payload) => {
    const body = payload === undefined ? null : JSON.stringify(payload);
    const headers = { connection: 'close', 'content-type': 'application/json' };
    return (await fetch(`${uri}${path}`, { method, body, headers })).text();
  };
}

/** Opens the gate until what waits for it is through: it may not be there yet the first time. */
async function released(server: Fetch, waiting: Promise<unknown>): Promise<void> {
  let through = false;
  const settled = waiting.finally(() => {
    through = true;
  });
  while (!through) await server('POST', '/release');
  await settled;
}
