/** The map with a store behind it, where the test decides when the store does what it is asked and when it answers. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { RelocatedError, StoreUnavailableError } from '../../src/store/backing-store.js';
import { Bell } from '../../src/store/bell.js';
import { CoherentCache } from '../../src/store/coherent.js';
import { Sessions } from '../../src/store/sessions.js';
import { UNCERTAIN, WrongTypeError } from '../../src/store/tiered.js';
import { ProcessState } from '../../src/telemetry/process-state.js';
import { HeldStore } from './fixtures/held-store.js';

const MIB = 2 ** 20;
const OUTAGE = new StoreUnavailableError('out of reach', 1);

// Who waits for a bell alone keeps no process going.
const alive = setInterval(() => {}, 1000);
t.teardown(() => clearInterval(alive));

/** One worker of a process, with its own link to the store. */
interface Worker {
  readonly cache: CoherentCache;
  readonly store: HeldStore;
  /** The value that a read gets, as text. */
  get(key: string): Promise<string | undefined>;
  /** The same, when it needs nobody; fails otherwise. */
  hit(key: string): string | undefined;
  set(key: string, value: string, ttl?: number): Promise<void>;
}

interface Process {
  readonly map: SharedCache;
  readonly sessions: Sessions;
  readonly state: ProcessState;
  readonly workers: readonly [Worker, Worker];
}

interface Options {
  readonly ttl?: number;
  readonly staleTtl?: number;
  readonly maxValueSize?: number;
  readonly map?: CacheOptions;
}

/** Two workers over one map and one store. */
function startProcess({
  ttl = 0,
  staleTtl = 0,
  maxValueSize = 1000,
  map: mapOptions,
}: Options = {}): Process {
  const map = SharedCache.create(mapOptions ?? { maxMemory: 2 * MIB });
  const sessions = Sessions.create();
  const state = ProcessState.create(2);
  const bell = Bell.create();
  const values = new Map<string, Uint8Array>();
  const start = (worker: number): Worker => {
    const store = new HeldStore(values);
    store.session = sessions.begin(worker);
    const cache = new CoherentCache({
      map,
      store,
      sessions,
      bell,
      state,
      worker,
      ttl,
      staleTtl,
      maxValueSize,
    });
    const text = (result: { readonly value: Uint8Array } | undefined): string | undefined =>
      result === undefined ? undefined : Buffer.from(result.value).toString();
    return {
      cache,
      store,
      get: async (key) => {
        const immediate = readInto(cache, key);
        const result = text(await cache.get(key));
        // What is read at once is what would be read otherwise.
        if (immediate !== undefined) assert.equal(immediate, result);
        return result;
      },
      hit: (key) => {
        const immediate = readInto(cache, key);
        const result = cache.get(key);
        if (result instanceof Promise) throw new Error(`${key} is not cached`);
        assert.equal(immediate, text(result));
        return text(result);
      },
      set: async (key, value, lifetime) => await cache.set(key, Buffer.from(value), lifetime),
    };
  };
  return { map, sessions, state, workers: [start(0), start(1)] };
}

/** What the cache can say at once, by way of buffers; undefined when it leaves that to `get`. */
function readInto(cache: CoherentCache, key: string): string | undefined {
  const bytes = Buffer.from(`GET ${key} `);
  const target = Buffer.alloc(2_000);
  const length = cache.readInto(bytes, 4, bytes.length - 1, target, 10);
  return length === UNCERTAIN ? undefined : target.toString('utf8', 10, 10 + length);
}

/** Puts a value into the store and reads it, so that it is cached. */
async function cached(process: Process, key: string, value: string): Promise<void> {
  process.workers[0].store.values.set(key, Buffer.from(value));
  await fetched(process, key);
}

function isForgotten({ map }: Process, key: string): boolean {
  return map.entries.read(key) === undefined;
}

/** Has a fetch that is needed done, and gives the value that was read. */
async function fetched({ workers: [one] }: Process, key: string): Promise<string | undefined> {
  const read = one.get(key);
  await one.store.letGo();
  return await read;
}

t.test('a key that is not cached is fetched once, however many wait for it', async (t) => {
  const process = startProcess();
  const [one, two] = process.workers;
  one.store.values.set('k', Buffer.from('v'));
  const reads = [one, two, one, two, one].map(({ get }) => get('k'));
  await one.store.letGo();
  t.same(await Promise.all(reads), ['v', 'v', 'v', 'v', 'v']);
  t.same([...one.store.asked, ...two.store.asked], ['fetch k']);
  t.equal(one.hit('k'), 'v');
  t.equal(two.hit('k'), 'v');
});

t.test('readers of one worker who wait for one key do not get another worker’s other key', async (t) => {
  // Two workers that begin in the same instant, so that they number their leases alike.
  const { now } = Date;
  const instant = now();
  Date.now = () => instant;
  const [one, two] = startProcess().workers;
  Date.now = now;
  one.store.values.set('a', Buffer.from('of a'));
  one.store.values.set('b', Buffer.from('of b'));
  const reads = [one.get('a'), two.get('b'), two.get('a'), one.get('b')];
  await one.store.letGo();
  await two.store.letGo();
  t.same(await Promise.all(reads), ['of a', 'of b', 'of a', 'of b']);
});

t.test('a fetch that began before a write publishes nothing', async (t) => {
  for (const writer of [0, 1] as const) {
    const process = startProcess();
    const [one] = process.workers;
    const two = process.workers[writer];
    one.store.values.set('k', Buffer.from('old'));
    const read = one.get('k');
    const fetch = await one.store.next();
    fetch.execute();
    const write = two.set('k', 'new');
    await two.store.letGo();
    await write;
    fetch.answer();
    t.equal(await read, 'old', 'it was asked for before');
    t.equal(one.hit('k'), 'new');
  }
});

t.test('a fetch that began before an invalidation publishes nothing', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  one.store.values.set('k', Buffer.from('old'));
  const read = one.get('k');
  const fetch = await one.store.next();
  fetch.execute();
  process.map.entries.delete('k');
  fetch.answer();
  await read;
  t.ok(isForgotten(process, 'k'));
});

t.test('from the beginning of a write on nobody is served what was before', async (t) => {
  const process = startProcess();
  const [one, two] = process.workers;
  await cached(process, 'k', 'old');
  const write = one.set('k', 'new');
  const reads = [one.get('k'), two.get('k')];
  await one.store.letGo();
  await write;
  t.same(await Promise.all(reads), ['new', 'new']);
  t.same(two.store.asked, [], 'who waits for a write asks nobody');
});

t.test('overlapping writes of two workers leave nothing that may be old', async (t) => {
  for (const last of [0, 1] as const) {
    for (const answeredFirst of [0, 1] as const) {
      const process = startProcess();
      const [one, two] = process.workers;
      const writes = [one.set('k', 'of one'), two.set('k', 'of two')];
      const held = [await one.store.next(), await two.store.next()] as const;
      held[1 - last]?.execute();
      held[last].execute();
      held[answeredFirst].answer();
      await writes[answeredFirst];
      held[1 - answeredFirst]?.answer();
      await Promise.all(writes);
      // Each fetches what there is now, at once, and publishes that.
      const now = last === 0 ? 'of one' : 'of two';
      const read = one.get('k');
      const fetches = [...one.store.held, ...two.store.held];
      t.ok(fetches.length >= 1);
      for (const fetch of fetches) {
        fetch.execute();
        fetch.answer();
      }
      t.equal(await read, now, `${last} last, ${answeredFirst} answered first`);
    }
  }
});

t.test('a later write on the same link stays when the store does them in order', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  const writes = [one.set('k', 'first'), one.set('k', 'second')];
  await one.store.letGo();
  await writes[0];
  await one.store.letGo();
  await Promise.all(writes);
  t.equal(one.hit('k'), 'second');
  t.same(one.store.asked, ['set k first 0', 'set k second 0']);
});

t.test('and goes when it may have been overtaken', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  one.store.isOrdered = false;
  const writes = [one.set('k', 'first'), one.set('k', 'second')];
  const [first, second] = [await one.store.next(), await one.store.next()];
  second.execute();
  second.answer();
  await writes[1];
  first.execute();
  first.answer();
  await writes[0];
  const read = one.get('k');
  await one.store.letGo();
  t.equal(await read, 'first');
});

t.test('a write whose lease an invalidation took is fetched again at once', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  const write = one.set('k', 'v');
  const held = await one.store.next();
  held.execute();
  process.map.entries.delete('k');
  held.answer();
  await write;
  const read = one.get('k');
  await one.store.letGo();
  t.equal(await read, 'v');
  t.same(one.store.asked, ['set k v 0', 'fetch k'], 'the reader waits for the same fetch');
  t.equal(process.map.stats().misses, 0);
});

t.test('what is refreshed counts as no read, and what is there is left alone', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  one.store.values.set('k', Buffer.from('v'));
  one.cache.refresh('k');
  one.cache.refresh('k');
  await one.store.letGo();
  t.equal(one.hit('k'), 'v');
  one.cache.refresh('k');
  t.same(one.store.asked, ['fetch k']);
  t.equal(process.map.stats().misses, 0);

  one.cache.refresh('unreachable');
  (await one.store.next()).fail(OUTAGE);
  one.store.outage = OUTAGE;
  one.cache.refresh('unreachable');
  await t.rejects(one.get('unreachable'), OUTAGE);
});

t.test('a write that fails leaves neither the old value nor the new one', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  const operations = {
    set: () => one.set('k', 'new'),
    delete: async () => void (await one.cache.delete('k')),
    expire: async () => void (await one.cache.expire('k', 1000)),
  };
  for (const [name, operation] of Object.entries(operations)) {
    await cached(process, 'k', 'old');
    const outcome = operation();
    (await one.store.next()).fail(OUTAGE);
    await t.rejects(outcome, OUTAGE, name);
    t.ok(isForgotten(process, 'k'), name);
  }
});

t.test('a fetch that fails is everybody’s error, and leaves nothing', async (t) => {
  const process = startProcess();
  const [one, two] = process.workers;
  const mistake = new WrongTypeError('no string');
  const reads = [one.get('k'), one.get('k')];
  (await one.store.next()).fail(mistake);
  for (const read of reads) await t.rejects(read, mistake);
  t.ok(isForgotten(process, 'k'));

  const other = [one.get('k'), two.get('k')];
  (await one.store.next()).fail(OUTAGE);
  await t.rejects(Promise.resolve(other[0]), OUTAGE);
  (await two.store.next()).fail(OUTAGE);
  await t.rejects(Promise.resolve(other[1]), OUTAGE);
  t.equal(process.state.row(0).storeErrors + process.state.row(1).storeErrors, 2);
});

t.test('a value larger than may be kept is passed on', async (t) => {
  const process = startProcess({ maxValueSize: 3 });
  const [one] = process.workers;
  one.store.values.set('k', Buffer.from('large'));
  t.equal(await fetched(process, 'k'), 'large');
  t.ok(isForgotten(process, 'k'));
  t.equal(await fetched(process, 'k'), 'large');
  const write = one.set('k', 'larger');
  await one.store.letGo();
  await write;
  t.ok(isForgotten(process, 'k'));
});

t.test('what the store says may not be kept is not', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  one.store.isCacheable = false;
  await cached(process, 'k', 'v');
  t.ok(isForgotten(process, 'k'));
  const write = one.set('k', 'w');
  await one.store.letGo();
  await write;
  t.ok(isForgotten(process, 'k'));
});

t.test('a key without a value is remembered as absent, until it is written', async (t) => {
  const process = startProcess();
  const [one, two] = process.workers;
  t.equal(await fetched(process, 'k'), undefined);
  t.equal(one.hit('k'), undefined);
  t.equal(two.hit('k'), undefined);
  t.match(process.state.row(0), { fetches: 1, absentHits: 1 });
  t.match(process.state.row(1), { fetches: 0, absentHits: 1 });
  t.match(process.map.stats(), { hits: 0, misses: 1, keys: 0 });
  const write = two.set('k', 'v');
  await two.store.letGo();
  await write;
  t.equal(one.hit('k'), 'v');
});

t.test('a key that was deleted is remembered as absent', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  await cached(process, 'k', 'v');
  const first = one.cache.delete('k');
  await one.store.letGo();
  t.equal(await first, true);
  t.equal(one.hit('k'), undefined);
  const second = one.cache.delete('k');
  await one.store.letGo();
  t.equal(await second, false, 'the store is asked all the same');
  t.equal(process.map.stats().deletes, 1);
});

t.test('the default time to live bounds what is fetched, not what is written with its own', async (t) => {
  const process = startProcess({ ttl: 60_000 });
  const [one] = process.workers;
  const left = (key: string): number => (process.map.entries.read(key)?.expiry ?? Number.NaN) - Date.now();
  await cached(process, 'endless', 'v');
  t.ok(left('endless') > 50_000 && left('endless') <= 60_000);
  one.store.expiry = Date.now() + 120_000;
  await cached(process, 'longer', 'v');
  t.ok(left('longer') <= 60_000);
  one.store.expiry = Date.now() + 20_000;
  await cached(process, 'shorter', 'v');
  t.ok(left('shorter') <= 20_000);
  one.store.expiry = 0;
  await fetched(process, 'absent');
  t.ok(left('absent') <= 60_000);
  for (const [key, ttl] of [
    ['default', undefined],
    ['own', 90_000],
    ['none', 0],
  ] as const) {
    const write = one.set(key, 'v', ttl);
    await one.store.letGo();
    await write;
  }
  t.same(one.store.asked.slice(-3), ['set default v 60000', 'set own v 90000', 'set none v 0']);
  t.ok(left('default') > 50_000 && left('default') <= 60_000);
  t.ok(left('own') > 80_000);
  t.equal(process.map.entries.read('none')?.expiry, 0);
});

t.test('expire changes the time to live in the store, and then of what is cached', async (t) => {
  const process = startProcess({ ttl: 1000 });
  const [one] = process.workers;
  await cached(process, 'k', 'v');
  const done = one.cache.expire('k', 50_000);
  await one.store.letGo();
  t.equal(await done, true);
  t.equal(one.hit('k'), 'v');
  t.ok((process.map.entries.read('k')?.expiry ?? 0) > Date.now() + 40_000);
  const missing = one.cache.expire('missing', 50_000);
  await one.store.letGo();
  t.equal(await missing, false);
});

t.test('an expired value is served while the store is out of reach, and only then', async (t) => {
  const process = startProcess({ staleTtl: 60_000 });
  const [one, two] = process.workers;
  one.store.expiry = Date.now() + 1;
  await cached(process, 'k', 'v');
  one.store.values.set('k', Buffer.from('w'));
  // Its time is over when the clock says so; nothing tells of it.
  while (Date.now() <= one.store.expiry);

  one.store.outage = OUTAGE;
  t.match(await one.cache.get('k'), { source: 'stale', value: Buffer.from('v') });
  one.store.outage = undefined;
  const read = one.cache.get('k');
  (await one.store.next()).fail(OUTAGE);
  t.match(await read, { source: 'stale' }, 'also when it turns out only during the fetch');
  two.store.outage = OUTAGE;
  t.match(await two.cache.get('k'), { source: 'stale' }, 'and it is put back');
  t.equal(process.state.row(0).staleHits, 2);
  t.equal(process.state.row(1).staleHits, 1);

  one.store.expiry = 0;
  t.equal(await fetched(process, 'k'), 'w');
  t.match(one.cache.get('k'), { source: 'hit' });
});

t.test('a stale value does not come back over what was written meanwhile', async (t) => {
  const process = startProcess({ staleTtl: 60_000 });
  const [one, two] = process.workers;
  one.store.expiry = Date.now() + 1;
  await cached(process, 'k', 'v');
  while (Date.now() <= one.store.expiry);
  const read = one.cache.get('k');
  const fetch = await one.store.next();
  const removal = two.cache.delete('k');
  await two.store.letGo();
  await removal;
  fetch.fail(OUTAGE);
  await read;
  one.store.outage = OUTAGE;
  t.equal(one.hit('k'), undefined);
});

t.test('nothing of a session that has ended is served', async (t) => {
  const process = startProcess({ staleTtl: 60_000 });
  const { sessions } = process;
  const [one, two] = process.workers;
  await cached(process, 'k', 'old');
  await fetched(process, 'absent');
  one.store.expiry = Date.now() + 1;
  await cached(process, 'stale', 'old');
  while (Date.now() <= one.store.expiry);
  one.store.expiry = 0;
  sessions.end(one.store.session);
  one.store.values.set('k', Buffer.from('new'));
  one.store.values.set('absent', Buffer.from('new'));
  const reads = [two.get('k'), two.get('absent')];
  await two.store.letGo();
  await two.store.letGo();
  t.same(await Promise.all(reads), ['new', 'new']);
  one.store.outage = OUTAGE;
  await t.rejects(one.get('stale'), OUTAGE);
});

t.test('a session that ends while a fetch or a write is under way takes its outcome with it', async (t) => {
  const process = startProcess();
  const { sessions } = process;
  const [one, two] = process.workers;
  one.store.values.set('fetched', Buffer.from('v'));
  const operations = [one.get('fetched'), one.set('written', 'v')];
  const held = [await one.store.next(), await one.store.next()];
  sessions.end(one.store.session);
  one.store.session = sessions.begin(0);
  for (const operation of held) {
    operation.execute();
    operation.answer();
  }
  await Promise.all(operations);
  for (const key of ['fetched', 'written']) {
    const read = two.get(key);
    await two.store.letGo();
    t.equal(await read, 'v');
  }
  t.equal(two.store.asked.length, 2);
});

t.test('the lease of a worker that has died holds nobody up', async (t) => {
  const process = startProcess();
  const [one, two] = process.workers;
  one.store.values.set('k', Buffer.from('v'));
  const abandoned = [one.get('k'), one.set('l', 'w')];
  const read = [two.get('k'), two.get('l')];
  process.sessions.endAllOf(0);
  await two.store.letGo();
  await two.store.letGo();
  t.same(await Promise.all(read), ['v', undefined]);
  // They end with the test.
  for (const held of one.store.held) held.fail(OUTAGE);
  await Promise.allSettled(abandoned);
});

t.test('without room in the map everything still works', async (t) => {
  // No key is as long as the memory that the map has for entries; a lease of one does not fit either.
  const process = startProcess({ map: { maxMemory: 2 * MIB, maxValueSize: 4 } });
  const [one] = process.workers;
  one.store.values.set('k', Buffer.from('v'));
  t.equal(await fetched(process, 'k'), 'v');
  t.equal(await fetched(process, 'k'), 'v');
  const write = one.set('k', 'w');
  await one.store.letGo();
  await write;
  t.equal(await fetched(process, 'k'), 'w');
});

t.test('an operation follows a key that is elsewhere, and not for ever', async (t) => {
  const process = startProcess();
  const [one] = process.workers;
  one.store.values.set('k', Buffer.from('v'));
  const moved = (): RelocatedError => new RelocatedError('moved', pause(10));
  const read = one.get('k');
  (await one.store.next()).fail(moved());
  await one.store.letGo();
  t.equal(await read, 'v');
  let isOver = false;
  const write = t.rejects(one.set('k', 'w'), StoreUnavailableError).then(() => {
    isOver = true;
  });
  while (!isOver) {
    one.store.held.shift()?.fail(moved());
    await pause(1);
  }
  await write;
  t.equal(one.store.held.length, 0);
});
