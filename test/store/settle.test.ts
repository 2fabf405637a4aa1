/**
 * Keys that are settled: the map itself is right for them, so a command may change them there by what they have. And all
 * that the caches do to the map is inside a turn.
 */
import t, { type Test } from 'tap';
import { SharedCache } from '../../shards/index.js';
import { Bell } from '../../src/store/bell.js';
import { LoadedCache } from '../../src/store/loaded.js';
import { LocalCache } from '../../src/store/local.js';
import { ReadThrough } from '../../src/store/read-through.js';
import { Sessions } from '../../src/store/sessions.js';
import { StoreUnavailableError } from '../../src/store/tiered.js';
import { Turnstile } from '../../src/store/turnstile.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { type OpenedFile, openFile } from './fixtures/loaded-file.js';

// Waiting in shared memory does not keep a process alive.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

const KEYS = ['a', 'b', 'c', 'd'];
const CONTENT = KEYS.map((key) => `${key} ${key}1\n`).join('');

interface Served extends OpenedFile {
  readonly cache: LoadedCache;
  /** Calls of the map that were made outside a turn. */
  readonly outside: string[];
  /** Calls of the map that were made inside one. */
  readonly inside: string[];
}

/** A cache over a file of which two keys fit into the map, and every call of the map is watched. */
function opened(t: Test): Served {
  const file = openFile(t, CONTENT, { maxKeys: 2 });
  const { map, state, store } = file;
  const turn = Turnstile.create(1).turnOf(0);
  const { outside, inside } = watchTurns(map, turn);
  const sessions = Sessions.create();
  sessions.begin(0);
  const reads = new ReadThrough({
    ...{ map, store, sessions, bell: Bell.create(), state, worker: 0, turn },
    ...{ ttl: 0, staleTtl: 0, maxValueSize: 1_000 },
  });
  const local = new LocalCache(map, state, turn);
  const cache = new LoadedCache({ file: store, reads, local, state, turn });
  return { ...file, cache, outside, inside };
}

async function served(t: Test): Promise<Served> {
  const file = opened(t);
  await file.load();
  return file;
}

type AnyCall = (...args: unknown[]) => unknown;

/** Has each call of a map note whether it is made inside a turn. */
function watchTurns(map: SharedCache, turn: ReturnType<Turnstile['turnOf']>) {
  const outside: string[] = [];
  const inside: string[] = [];
  let depth = 0;
  const enter = turn.enter.bind(turn);
  const leave = turn.leave.bind(turn);
  const exclusively = turn.exclusively.bind(turn);
  turn.enter = () => {
    depth++;
    enter();
  };
  turn.leave = () => {
    depth--;
    leave();
  };
  turn.exclusively = <T>(run: () => T): T => {
    depth++;
    try {
      return exclusively(run);
    } finally {
      depth--;
    }
  };
  const wrap = (target: object, names: readonly string[]): void => {
    for (const name of names) {
      const call = (Reflect.get(target, name) as AnyCall).bind(target);
      const watched: AnyCall = (...args) => {
        (depth === 1 ? inside : outside).push(name);
        return call(...args);
      };
      Object.defineProperty(target, name, { value: watched });
    }
  };
  wrap(map, ['get', 'set', 'delete', 'expire', 'setRange']);
  wrap(map.entries, ['read', 'put', 'delete', 'getRangeInto']);
  return { outside, inside };
}

t.test('a map with nothing behind it', async (t) => {
  const create = (limit?: number) => {
    const map = SharedCache.create({ maxMemory: 2 ** 20 });
    const state = ProcessState.create(1);
    return { state, cache: new LocalCache(map, state, undefined, limit) };
  };
  const { state, cache } = create();
  const settled = cache.settle();
  t.type(settled, Promise, 'while a file is loaded its end is waited for');
  state.markLoaded();
  await settled;
  t.equal(cache.settle(), undefined, 'then every key is settled');
  const limited = create(20);
  await t.rejects(Promise.resolve(limited.cache.settle()), { name: 'StoreUnavailableError' });
});

t.test('a key of the file', async (t) => {
  const { cache, map, store } = await served(t);
  for (const key of KEYS) {
    await cache.settle(key);
    t.equal(map.getString(key), `${key}1`, `${key} is in the map`);
    t.ok(store.lacks(key), 'and never comes from the file again');
    t.equal(cache.settle(key), undefined);
  }
  t.equal(cache.settle('none'), undefined, 'one that the file does not have is settled');
});

t.test('a value that is evicted in the middle is in the map afterwards', async (t) => {
  const { cache, map, store } = await served(t);
  const slotsOf = store.slotsOf.bind(store);
  store.slotsOf = async (key) => {
    const slots = await slotsOf(key);
    for (const other of ['x', 'y', 'z']) map.set(other, '1');
    t.equal(map.has('a'), false);
    return slots;
  };
  await cache.settle('a');
  t.equal(map.getString('a'), 'a1');
});

t.test('a value that the map has already is left as it is', async (t) => {
  const { cache, map, store } = await served(t);
  map.set('a', 'of a snapshot', { ttl: 60_000 });
  await cache.settle('a');
  t.equal(map.getString('a'), 'of a snapshot');
  t.ok((map.ttl('a') ?? Infinity) <= 60_000);
  t.ok(store.lacks('a'));
});

t.test('what somebody else does in the middle counts', async (t) => {
  for (const [what, act, expected] of [
    ['set', (cache: LoadedCache) => cache.set('a', Buffer.from('new')), 'new'],
    ['delete', (cache: LoadedCache) => cache.delete('a'), undefined],
    ['settle', (cache: LoadedCache) => cache.settle('a'), 'a1'],
  ] as const) {
    const { cache, map, store } = await served(t);
    const slotsOf = store.slotsOf.bind(store);
    store.slotsOf = async (key) => {
      const slots = await slotsOf(key);
      store.slotsOf = slotsOf;
      await act(cache);
      return slots;
    };
    await cache.settle('a');
    t.equal(map.getString('a'), expected, what);
  }
});

t.test('before it is known whether the file fits, that is waited for', async (t) => {
  const { cache, map, load } = opened(t);
  const settled = cache.settle('a');
  t.type(settled, Promise);
  await load();
  await settled;
  t.equal(map.getString('a'), 'a1');
});

t.test('when the file can not answer, the key is not settled', async (t) => {
  const { cache, map, store } = await served(t);
  map.clear();
  store.slotsOf = () => Promise.reject(new StoreUnavailableError('out of reach', 1));
  await t.rejects(Promise.resolve(cache.settle('a')), { name: 'StoreUnavailableError' });
  t.notOk(store.lacks('a'));
});

t.test('a time to live is given to a key of the file', async (t) => {
  const { cache, map } = await served(t);
  t.equal(await cache.expire('a', 60_000), true);
  t.ok((map.ttl('a') ?? 0) > 50_000);
  t.equal(await cache.expire('none', 60_000), false);
});

t.test('the map is touched inside turns only, and they end', async (t) => {
  const key = Buffer.from('key');
  const value = Buffer.from('value');
  const target = Buffer.alloc(10);
  const state = ProcessState.create(1);
  state.markLoaded();
  const map = SharedCache.create({ maxMemory: 2 ** 20 });
  const turn = Turnstile.create(1).turnOf(0);
  const { outside, inside } = watchTurns(map, turn);
  const cache = new LocalCache(map, state, turn);
  cache.set(key, value);
  cache.get(key);
  cache.expire(key, 1_000);
  cache.readInto(key, 0, 3, target, 0);
  cache.writeFrom(key, 0, 3, value, 0, 5);
  cache.delete(key);
  const calls = ['set', 'get', 'expire', 'getRangeInto', 'setRange', 'delete'];
  t.strictSame(inside, calls);
  t.strictSame(outside, []);

  const none = Buffer.alloc(0);
  for (const call of [
    () => cache.set(none, value),
    () => cache.get(none),
    () => cache.delete(none),
    () => cache.expire(none, 1),
    () => cache.readInto(none, 0, 0, target, 0),
    () => cache.writeFrom(none, 0, 0, value, 0, 5),
  ]) {
    t.throws(call, { name: 'RangeError' });
  }
  t.strictSame(inside, [...calls, 'set', 'get', 'delete', 'expire', 'getRangeInto', 'setRange']);
});

t.test('so it is with a file behind the map', async (t) => {
  const { cache, outside, inside } = await served(t);
  for (const key of KEYS) await cache.get(key);
  for (const key of KEYS) cache.readInto(Buffer.from(key), 0, 1, Buffer.alloc(10), 0);
  await cache.set('a', Buffer.from('new'));
  await cache.expire('b', 1_000);
  await cache.delete('c');
  await cache.settle('d');
  t.strictSame(
    outside.filter((call) => call !== 'setBaseline'),
    [],
  );
  for (const call of ['read', 'put', 'getRangeInto', 'set', 'expire', 'delete'])
    t.ok(inside.includes(call), call);
});
