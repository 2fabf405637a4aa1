/** The Keyv adapter: what @keyv/test-suite does not look at. Everything with each version of Keyv that can run here. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Keyv, type KeyvStoreAdapter } from 'keyv';
import type { Keyv as Keyv6 } from 'keyv-6';
import { type Test, test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import KeyvHotshard from '../../src/adapters/keyv.js';
import { PLAIN_THREAD } from '../plain.js';
import { KEYV_VERSIONS } from './fixtures/keyv-versions.js';

const MIB = 1024 * 1024;
/** Longer than the map's keys may be, by one byte and by much. */
const LONG_KEYS = ['k'.repeat(513), `https://example.com/?q=${'ä'.repeat(5_000)}`];

const create = () => SharedCache.create({ maxMemory: MIB });

for (const { name, load, skip } of KEYV_VERSIONS) {
  const each = (title: string, body: (t: Test, KeyvClass: typeof Keyv) => Promise<void>) =>
    test(`${name}: ${title}`, { skip }, async (t) => {
      const { default: KeyvClass } = (await load()) as { default: typeof Keyv };
      await body(t, KeyvClass);
    });

  each('it takes a cache, a handle, or the options of a new one', async (t, KeyvClass) => {
    const cache = create();
    await new KeyvClass(new KeyvHotshard(cache)).set('k', 1);
    t.equal(await new KeyvClass({ store: new KeyvHotshard(cache.handle) }).get('k'), 1);
    t.equal(await new KeyvClass({ store: new KeyvHotshard({ cache }) }).get('k'), 1);
    t.equal(await new KeyvClass({ store: new KeyvHotshard({ handle: cache.handle }) }).get('k'), 1);
    const own = new KeyvHotshard({ maxMemory: MIB, maxKeys: 1 });
    const keyv = new KeyvClass({ store: own });
    await keyv.set('a', 1);
    await keyv.set('b', 2);
    t.equal(own.cache.size, 1, 'with its options');
    t.equal(await keyv.get('k'), undefined, 'another cache');
  });

  each('several at once', async (t, KeyvClass) => {
    const keyv = new KeyvClass({ store: new KeyvHotshard(create()) });
    const entries = [
      { key: 'a', value: 1 },
      { key: 'b', value: { c: [2] }, ttl: 60_000 },
    ];
    t.strictSame(await keyv.setMany(entries), [true, true]);
    t.strictSame(await keyv.getMany(['b', 'x', 'a']), [{ c: [2] }, undefined, 1]);
    t.strictSame(await keyv.hasMany(['b', 'x', 'a']), [true, false, true]);
    const deleted = await keyv.deleteMany(['a', 'x']);
    t.strictSame(deleted, name === 'Keyv 5' ? false : [true, false]);
    t.strictSame(await keyv.getMany(['a', 'b']), [undefined, { c: [2] }]);
  });

  each('clear and iterator keep to the namespace', async (t, KeyvClass) => {
    const cache = create();
    const [a, ab, none] = ['a', 'ab', undefined].map(
      (namespace) => new KeyvClass(new KeyvHotshard(cache), { namespace } as object),
    );
    if (!a || !ab || !none) return;
    for (const key of ['k', 'a:k', 'ab', ...LONG_KEYS]) {
      await a.set(key, `a ${key}`);
      await ab.set(key, `ab ${key}`);
    }
    const listed = new Map(await entriesOf(ab));
    t.same([...listed.keys()].sort(), ['k', 'a:k', 'ab', ...LONG_KEYS].sort());
    for (const [key, value] of listed) t.equal(value, `ab ${key}`);
    await a.clear();
    t.strictSame(await entriesOf(a), []);
    t.equal((await entriesOf(ab)).length, 5, 'the other one is as it was');
    await none.clear();
    t.equal(cache.size, 0, 'without a namespace it is the whole cache');
  });

  each('keys of any length', async (t, KeyvClass) => {
    const cache = create();
    const keyv = new KeyvClass({ store: new KeyvHotshard(cache) });
    for (const key of LONG_KEYS) {
      t.equal(await keyv.set(key, { key }), true);
      t.strictSame(await keyv.get(key), { key });
      t.equal(await keyv.has(key), true);
      t.equal(await keyv.get(`${key}x`), undefined);
      const [id = ''] = cache.keys();
      t.ok(Buffer.byteLength(id) <= 512);
      await cache.set(id, 'somebody else');
      t.equal(await keyv.get(key), undefined, 'what is not an entry of this key is not taken for one');
      await keyv.set(key, 1);
      t.equal(await keyv.delete(key), true);
      t.equal(cache.size, 0);
    }
  });

  each('a short key that looks like the hash of a long one', async (t, KeyvClass) => {
    const cache = create();
    const keyv = new KeyvClass(new KeyvHotshard(cache), {
      useKeyPrefix: false,
      namespace: undefined,
    } as object);
    const [long = ''] = LONG_KEYS;
    await keyv.set(long, 'long');
    const [id = ''] = cache.keys();
    t.equal(await keyv.get(id), undefined);
    t.equal(await keyv.has(id), false);
    await keyv.set(id, 'short');
    t.equal(await keyv.get(id), 'short');
    t.equal(await keyv.get(long), undefined);
    t.strictSame(await entriesOf(keyv), [[id, 'short']]);
  });

  each('values come back as they were', async (t, KeyvClass) => {
    const store = new KeyvHotshard(create());
    const keyv = new KeyvClass({ store });
    for (const value of ['', 'text', '\ufeffä\0\u{1f600}', 0, false, [1, [2]], { a: { b: null } }]) {
      await keyv.set('k', value);
      t.strictSame(await keyv.get('k'), value);
    }
    await keyv.set('k', 'text');
    const text = store.cache.getString([...store.cache.keys()][0] ?? '');
    t.match(text, /^{"value":"text"/, 'as JSON, for other users of the map');
  });

  each('values without serialisation are cloned', async (t, KeyvClass) => {
    const options = { serialize: undefined, deserialize: undefined, serialization: false };
    const keyv = new KeyvClass({ store: new KeyvHotshard(create()), ...options } as object);
    const value = {
      date: new Date(0),
      map: new Map([[1n, 'x']]),
      bytes: Buffer.from('abc'),
      none: undefined,
    };
    await keyv.set('k', value);
    const [one, other] = [await keyv.get('k'), await keyv.get('k')];
    t.strictSame(one, value);
    t.not(one, other, 'nobody shares it');
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => errors.push(error));
    t.equal(await keyv.set('f', { f: () => {} }), false);
    t.match(errors, [/could not be cloned/]);
  });

  each('times to live', async (t, KeyvClass) => {
    const cache = SharedCache.create({ maxMemory: MIB, ttl: 5_000 });
    const keyv = new KeyvClass({ store: new KeyvHotshard(cache) });
    const left = async (ttl?: number) => {
      cache.clear();
      await keyv.set('k', 1, ttl);
      const [key] = cache.keys();
      return key === undefined ? undefined : cache.ttl(key);
    };
    t.ok(within(await left(90_000), 80_000, 90_000));
    t.ok(within(await left(), 1, 5_000), "the cache's, where Keyv has none");
    cache.clear();
    await keyv.set('k', 1);
    const before = Date.now();
    await keyv.set('k', 1, 1);
    // The clock is all that is waited for.
    while (Date.now() <= before + 2);
    t.equal(await keyv.get('k'), undefined);
    t.equal(await keyv.has('k'), false);
  });

  each('what does not fit is refused, and nothing else is lost', async (t, KeyvClass) => {
    const keyv = new KeyvClass({ store: new KeyvHotshard({ maxMemory: MIB, maxValueSize: 100 }) });
    await keyv.set('k', 'small');
    t.equal(await keyv.set('k', 'x'.repeat(200)), false);
    t.equal(await keyv.get('k'), 'small');
    t.strictSame(
      await keyv.setMany([
        { key: 'l', value: 'x'.repeat(200) },
        { key: 'm', value: 1 },
      ]),
      [false, true],
    );
  });

  each('an error is an event, and nothing stays open', async (t, KeyvClass) => {
    const keyv = new KeyvClass({ store: new KeyvHotshard(create()) });
    const errors: unknown[] = [];
    keyv.on('error', (error: unknown) => errors.push(error));
    t.equal(await keyv.set('k', 1, Number.MAX_VALUE), false);
    t.match(errors, [/ttl must be 0 \(none\) to/]);
    t.equal(await keyv.disconnect(), undefined);
    t.equal(await keyv.set('k', 1), true, 'the cache is not closed: others may use it');
  });
}

test('threads share it', async (t) => {
  const cache = create();
  const keyv = new Keyv({ store: new KeyvHotshard(cache) });
  await keyv.set('from main', ['x']);
  const worker = new Worker(new URL('./fixtures/keyv-worker.js', import.meta.url), {
    workerData: cache.handle,
    ...PLAIN_THREAD,
  });
  const ended = once(worker, 'exit');
  const [found] = await once(worker, 'message');
  await ended;
  t.strictSame(found, ['x']);
  t.strictSame(await keyv.get('from worker'), { answer: 42 });
});

test('the types of both versions take it', (t) => {
  const adapter = new KeyvHotshard(create());
  const five: [KeyvStoreAdapter, ConstructorParameters<typeof Keyv>[0]] = [adapter, adapter];
  const six: ConstructorParameters<typeof Keyv6>[0] = adapter;
  t.ok(five.every((store) => store === six));
  t.end();
});

test('by itself', async (t) => {
  const store: KeyvStoreAdapter = new KeyvHotshard(create());
  t.equal(
    store.on('error', () => {}),
    store,
  );
  t.equal(await store.set('k', 'v', -1), true, 'expired already');
  t.equal(await store.get('k'), undefined);
  const adapter = new KeyvHotshard(create());
  await adapter.set('k', 'v');
  await adapter.set('k', 'v', 0);
  t.equal(await adapter.has('k'), false, 'an old value does not outlive a new one');
  await t.rejects(adapter.set('k', 'v', Number.NaN), RangeError);
  await adapter.set('k', 'v');
  for (const ttl of [null, 'soon']) await t.rejects(adapter.set('k', 'w', ttl as never), TypeError);
  t.equal(await adapter.get('k'), 'v', 'what was there stays');
  await t.rejects(adapter.set('', 'v'), { message: /key must be 1 to 512 bytes long/ });
  t.strictSame(await adapter.deleteMany(['a']), [false]);
  t.throws(() => new KeyvHotshard({} as never), { message: /maxMemory must be a number/ });
  t.throws(() => new KeyvHotshard(undefined as never), TypeError);
  t.throws(() => new KeyvHotshard({ format: 'hotshard' } as never), TypeError);
});

async function entriesOf(keyv: Keyv): Promise<[string, unknown][]> {
  const entries: [string, unknown][] = [];
  if (keyv.iterator === undefined) throw new Error('it does not iterate');
  for await (const entry of keyv.iterator(undefined)) entries.push(entry);
  return entries;
}

function within(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most;
}
