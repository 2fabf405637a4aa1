/** Times to live: exact to the millisecond, never longer, and which calls set, keep or clear them. */
import t, { type Test } from 'tap';
import { type CacheOptions, SharedCache } from '../../shards/index.js';
import { FakeClock, textOf } from './support.js';

const KIB = 1024;

function setUp(t: Test, options: Partial<CacheOptions> = {}): { cache: SharedCache; clock: FakeClock } {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  return { cache: SharedCache.create({ maxMemory: 256 * KIB, ...options }), clock };
}

t.test('an entry is there until its time to live is over, and not a millisecond longer', async (t) => {
  const { cache, clock } = setUp(t);
  const start = clock.now;
  for (const ttl of [1, 2, 999, 60_000, 86_400_000, 100 * 365 * 24 * 3600 * 1000]) {
    clock.now = start;
    cache.set('k', 'v', { ttl });
    clock.now = start + ttl - 1;
    t.equal(cache.getString('k'), 'v', `${ttl} ms, one before`);
    t.equal(cache.has('k'), true);
    t.equal(cache.ttl('k'), 1);
    t.strictSame([...cache.keys()], ['k']);
    clock.now = start + ttl;
    t.equal(cache.ttl('k'), undefined, `${ttl} ms, over`);
    t.equal(cache.has('k'), false);
    t.strictSame([...cache.keys()], []);
    t.equal(cache.delete('k'), false);
    t.equal(cache.get('k'), undefined);
  }
});

t.test('an expired value is never returned, by any member', async (t) => {
  const { cache, clock } = setUp(t);
  for (const size of [5, 50_000]) {
    const set = (): void => {
      cache.set('k', new Uint8Array(size), { ttl: 10 });
      clock.now += 10;
    };
    set();
    t.equal(cache.get('k'), undefined);
    set();
    t.equal(cache.getString('k'), undefined);
    set();
    t.strictSame(cache.getMany(['k']), [undefined]);
    set();
    t.equal(cache.has('k'), false);
    t.equal(cache.ttl('k'), undefined);
    t.equal(cache.expire('k', 1000), false);
    t.equal(cache.delete('k'), false);
    set();
    const seen: unknown[] = [];
    cache.update('k', (current) => {
      seen.push(current);
      return 'new';
    });
    t.strictSame(seen, [undefined]);
    t.equal(cache.ttl('k'), Infinity, 'the new one does not inherit its time');
    t.equal(cache.getString('k'), 'new');
  }
  t.strictSame(cache.integrityErrors(), []);
});

t.test('an expiration is counted once, as a miss and not as an eviction or a deletion', async (t) => {
  const { cache, clock } = setUp(t);
  cache.set('k', 'v', { ttl: 5 });
  clock.now += 5;
  t.equal(cache.size, 1, 'nobody has met it yet');
  cache.get('k');
  cache.get('k');
  const { expirations, evictions, deletes, hits, misses, keys, bytesUsed } = cache.stats();
  t.strictSame(
    { expirations, evictions, deletes, hits, misses, keys, bytesUsed },
    { expirations: 1, evictions: 0, deletes: 0, hits: 0, misses: 2, keys: 0, bytesUsed: 0 },
  );
});

t.test('a fraction of a millisecond is a time to live, rounded up', async (t) => {
  const { cache, clock } = setUp(t);
  cache.set('k', 'v', { ttl: 0.5 });
  t.equal(cache.getString('k'), 'v');
  clock.now += 1;
  t.equal(cache.get('k'), undefined);
  cache.set('k', 'v', { ttl: 1.2 });
  clock.now += 1;
  t.equal(cache.getString('k'), 'v');
  clock.now += 1;
  t.equal(cache.get('k'), undefined);
});

t.test('the default applies where none is given; 0 and Infinity override it', async (t) => {
  const { cache, clock } = setUp(t, { ttl: 100 });
  cache.set('default', '1');
  cache.set('undefined', '1', {});
  cache.setMany([
    ['many', '1'],
    ['own', '1', { ttl: 200 }],
    ['zero', '1', { ttl: 0 }],
  ]);
  cache.set('infinite', '1', { ttl: Infinity });
  cache.update('updated', () => '1');
  const ttls = (): (number | undefined)[] =>
    ['default', 'undefined', 'many', 'updated', 'own', 'zero', 'infinite'].map((key) => cache.ttl(key));
  t.strictSame(ttls(), [100, 100, 100, 100, 200, Infinity, Infinity]);
  clock.now += 100;
  t.strictSame(ttls(), [undefined, undefined, undefined, undefined, 100, Infinity, Infinity]);
});

t.test('an infinite default is none', async (t) => {
  const { cache } = setUp(t, { ttl: Infinity });
  cache.set('k', 'v');
  t.equal(cache.ttl('k'), Infinity);
});

t.test('overwriting clears it, update keeps it, expire changes it and nothing else', async (t) => {
  const { cache, clock } = setUp(t);
  cache.set('k', 'v', { ttl: 100 });
  cache.set('k', 'w');
  t.equal(cache.ttl('k'), Infinity);
  cache.set('k', 'v', { ttl: 100 });
  clock.now += 30;
  cache.update('k', (current) => `${textOf(current)}!`);
  t.equal(cache.ttl('k'), 70);
  t.equal(cache.expire('k', 500), true);
  t.equal(cache.ttl('k'), 500);
  t.equal(cache.getString('k'), 'v!');
  t.equal(cache.expire('k', 0), true);
  t.equal(cache.ttl('k'), Infinity);
  clock.now += 1e12;
  t.equal(cache.getString('k'), 'v!');
  t.equal(cache.size, 1);
  t.strictSame(cache.integrityErrors(), []);
});

t.test('moved entries, and those in fragments, keep theirs', async (t) => {
  const { cache, clock } = setUp(t);
  cache.set('small', 's', { ttl: 1000 });
  cache.set('large', new Uint8Array(20_000), { ttl: 2000 });
  for (let i = 0; i < 5_000; i++) {
    cache.set('other', 'x'.repeat(200));
    cache.get('small');
    cache.get('large');
  }
  t.equal(cache.ttl('small'), 1000);
  t.equal(cache.ttl('large'), 2000);
  clock.now += 1000;
  t.equal(cache.get('small'), undefined);
  t.equal(cache.get('large')?.length, 20_000);
  clock.now += 1000;
  t.equal(cache.get('large'), undefined);
});

t.test('with the real clock, a short time to live ends', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  const before = Date.now();
  cache.set('k', 'v', { ttl: 20 });
  while (cache.has('k')) await new Promise((resolve) => setImmediate(resolve));
  const lived = Date.now() - before;
  t.ok(lived >= 20, `it lived for ${lived} ms`);
});
