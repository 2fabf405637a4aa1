/** Hidden entries: no value to anybody but a tier above the map, counted apart, and otherwise entries like any other. */
import t from 'tap';
import { NEVER, SharedCache } from '../../shards/index.js';
import { ENTRY_HEADER_WORDS, SHARD_HIDDEN } from '../../shards/layout.js';
import { Rig, Side } from './rig.js';
import { bytes, FakeClock, GUARDS, guarded, provingValue, Random, SEED, seeded, textOf } from './support.js';

const KIB = 1024;

for (const guard of GUARDS) {
  const create = (): SharedCache => SharedCache.create(guarded({ maxMemory: 64 * KIB }, guard));

  t.test(`${guard}: what is hidden is no value to anybody`, async (t) => {
    const hidden = () => {
      const cache = create();
      cache.entries.put('key', Buffer.from('no value'), { expiry: Date.now() + 1e6, label: -1 });
      return cache;
    };
    const cache = hidden();
    const target = new Uint8Array(20);
    t.equal(cache.get('key'), undefined);
    t.equal(cache.getString('key'), undefined);
    t.equal(cache.getInto('key', target), -1);
    t.strictSame(target, new Uint8Array(20), 'nothing of it is copied');
    t.strictSame(cache.getMany(['key']), [undefined]);
    t.equal(cache.has('key'), false);
    t.equal(cache.ttl('key'), undefined);
    t.equal(cache.expire('key', 1_000), false);
    t.strictSame([...cache.keys()], []);
    t.equal(cache.size, 0);
    t.match(cache.stats(), { keys: 0, hidden: 1, hits: 0, misses: 4, shards: [{ keys: 0, hidden: 1 }] });
    t.equal(textOf(cache.entries.read('key')?.value), 'no value', 'and it is still there');

    t.test('set replaces it', async (t) => {
      const cache = hidden();
      t.equal(cache.set('key', 'value'), true);
      t.equal(cache.getString('key'), 'value');
      t.match(cache.entries.read('key'), { label: 0, expiry: NEVER });
      t.match(cache.stats(), { keys: 1, hidden: 0 });
    });

    t.test('update is given nothing, and replaces it', async (t) => {
      const cache = hidden();
      cache.update('key', (current) => {
        t.equal(current, undefined);
        return undefined;
      });
      t.match(cache.stats(), { hidden: 1, deletes: 0 }, 'there is nothing to delete');
      cache.update('key', (current) => {
        t.equal(current, undefined);
        return 'value';
      });
      t.match(cache.entries.read('key'), { label: 0, expiry: NEVER }, 'nor is there a time to keep');
      t.match(cache.stats(), { keys: 1, hidden: 0 });
    });

    t.test('update begins again when it was put meanwhile', async (t) => {
      const cache = hidden();
      let calls = 0;
      cache.update('key', () => {
        if (++calls === 1) cache.entries.put('key', bytes(1), { label: -2 });
        return 'value';
      });
      t.equal(calls, 2);
    });

    t.test('delete says that there was nothing, and removes it', async (t) => {
      const cache = hidden();
      t.equal(cache.delete('key'), false);
      t.equal(cache.entries.read('key'), undefined);
      t.match(cache.stats(), { keys: 0, hidden: 0, deletes: 0 });
    });

    t.test('setBaseline leaves what has a label', async (t) => {
      const cache = create();
      cache.entries.put('labelled', bytes(1), { label: 7 });
      cache.entries.put('hidden', bytes(1), { label: -7 });
      for (const key of ['labelled', 'hidden']) {
        const line = Buffer.from(`${key}=baseline`);
        cache.setBaseline(line, 0, key.length, key.length + 1, line.length);
      }
      t.match(cache.entries.read('labelled'), { label: 7 });
      t.match(cache.entries.read('hidden'), { label: -7 });
    });

    t.test('clear removes it', async (t) => {
      const cache = hidden();
      cache.clear();
      t.equal(cache.entries.read('key'), undefined);
      t.match(cache.stats(), { keys: 0, hidden: 0, bytesUsed: 0 });
      t.strictSame(cache.integrityErrors(), []);
    });
  });
}

t.test('a fetch announced by a lease counts as one use, a value that is replaced as two', async (t) => {
  const classOf = (act: (side: Side) => void): number => {
    const side = new Side(new Rig({ maxMemory: 64 * KIB }), 1);
    act(side);
    const location = side.shard.read(side.load('key'))?.location ?? 0;
    return side.view.halves[((location + 1) << 1) + 1] >>> 14;
  };
  // The clock of a nearly empty cache ticks at each access.
  t.equal(
    classOf((side) => side.set('key', bytes(1))),
    1,
    'set, then read',
  );
  t.equal(
    classOf((side) => {
      side.hide('key', bytes(1));
      side.set('key', bytes(2));
    }),
    1,
    'announced, set, then read',
  );
  t.equal(
    classOf((side) => {
      side.set('key', bytes(1));
      side.set('key', bytes(2));
    }),
    2,
    'set twice, then read',
  );
});

t.test('hidden entries take places of maxKeys, and give them back', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB, maxKeys: 10 });
  for (let i = 0; i < 10; i++) cache.set(`value${i}`, 'value');
  for (let i = 0; i < 4; i++) cache.entries.put(`hidden${i}`, bytes(1), { label: -1 });
  t.match(cache.stats(), { keys: 6, hidden: 4, evictions: 4 });
  for (let i = 0; i < 20; i++) cache.set(`new${i}`, 'value');
  t.match(cache.stats(), { keys: 10, hidden: 0 });
  t.equal(
    cache.stats().evictions,
    20,
    'six values and ten of the new ones and, not counted, what was hidden',
  );
  t.strictSame(cache.integrityErrors(), []);
});

t.test('counts are right after eviction for room and after expiry', async (t) => {
  const clock = new FakeClock();
  t.teardown(() => clock.restore());
  const random = new Random(SEED);
  const cache = SharedCache.create({ maxMemory: 128 * KIB, shards: 2 });
  for (let i = 0; i < 3_000; i++) {
    const options = { label: random.below(5) - 2, expiry: random.chance(2) ? clock.now + 1_000 : NEVER };
    cache.entries.put(`k${random.below(1_500)}`, provingValue('v', i, random.size(3_000)), options);
  }
  const hiddenNow = (): number => {
    let hidden = 0;
    for (let i = 0; i < 1_500; i++) if ((cache.entries.read(`k${i}`)?.label ?? 0) < 0) hidden++;
    return hidden;
  };
  const { hidden, keys, shards, evictions } = cache.stats();
  t.ok(hidden > 0 && keys > 0 && evictions > 0, seeded('some of each'));
  t.equal(hidden, hiddenNow(), seeded('hidden'));
  t.equal(keys, [...cache.keys()].length, seeded('keys'));
  t.equal(
    shards.reduce((sum, shard) => sum + shard.hidden, 0),
    hidden,
  );
  t.strictSame(cache.integrityErrors(), []);

  clock.now += 1_000;
  const before = cache.stats();
  for (let i = 0; i < 1_500; i++) cache.get(`k${i}`);
  const after = cache.stats();
  t.equal(after.hidden, hiddenNow(), seeded('those that are left'));
  t.ok(after.hidden < before.hidden, seeded('hidden ones expire too'));
  t.equal(
    after.expirations - before.expirations,
    before.keys - after.keys,
    seeded('values alone are counted'),
  );
  t.equal(after.evictions, before.evictions);
  t.strictSame(cache.integrityErrors(), []);
});

t.test('the check of a shard notices a wrong count, and a label that is none', async (t) => {
  const rig = new Rig({ maxMemory: 64 * KIB });
  const side = new Side(rig, 1);
  side.hide('key', bytes(1));
  t.strictSame(rig.errors(), []);
  const { words } = side.view;
  Atomics.add(words, SHARD_HIDDEN, 1);
  t.strictSame(rig.errors(), ['1 entries are hidden, 2 are counted so']);
  Atomics.sub(words, SHARD_HIDDEN, 2);
  words[(side.shard.read(side.load('key'))?.location ?? 0) + ENTRY_HEADER_WORDS] = 0;
  t.match(rig.errors(), [/room for a label, and none in it$/]);
});
