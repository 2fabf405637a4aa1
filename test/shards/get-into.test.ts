/** `getInto`: a value in a buffer of the caller's, or its length, and nothing else touched. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { bytes, FakeClock, flawIn, GUARDS, guarded, provingValue, thrownBy } from './support.js';

const KIB = 1024;

/** Below and above the lengths at which the way of copying changes, in one piece and in fragments. */
const LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 200, 256, 257, 5_000, 20_000];

for (const guard of GUARDS) {
  t.test(`${guard}`, async (t) => {
    const create = (): SharedCache => SharedCache.create(guarded({ maxMemory: 256 * KIB, shards: 1 }, guard));

    t.test('a value that fits is copied to the beginning, and the rest stays', async (t) => {
      const cache = create();
      for (const length of LENGTHS) {
        cache.set('k', provingValue('k', 1, length));
        for (const spare of [0, 1, 100]) {
          const target = new Uint8Array(length + spare).fill(0xaa);
          t.equal(cache.getInto('k', target), length);
          t.equal(flawIn('k', target.subarray(0, length)), undefined, `${length} bytes`);
          t.ok(target.subarray(length).every((byte) => byte === 0xaa));
        }
      }
      t.equal(cache.stats().hits, 3 * LENGTHS.length);
    });

    t.test('of one that does not fit the length is told, and nothing is copied', async (t) => {
      const cache = create();
      for (const length of LENGTHS.filter((length) => length > 0)) {
        cache.set('k', provingValue('k', 1, length));
        for (const room of new Set([0, 1, length >>> 1, length - 1].filter((room) => room < length))) {
          const target = new Uint8Array(room).fill(0xaa);
          t.equal(cache.getInto('k', target), length);
          t.ok(
            target.every((byte) => byte === 0xaa),
            `${length} bytes into ${room}`,
          );
        }
      }
      t.equal(cache.stats().misses, 0, 'it was found all the same');
    });

    t.test('-1 for what is absent or has expired, and the target stays', async (t) => {
      const clock = new FakeClock();
      t.teardown(() => clock.restore());
      const cache = create();
      const target = bytes(1, 2, 3);
      t.equal(cache.getInto('k', target), -1);
      for (const length of [2, 9_000]) {
        cache.set('k', new Uint8Array(length), { ttl: 10 });
        clock.now += 10;
        t.equal(cache.getInto('k', target), -1);
      }
      t.strictSame(target, bytes(1, 2, 3));
      const { hits, misses, expirations, keys } = cache.stats();
      t.strictSame({ hits, misses, expirations, keys }, { hits: 0, misses: 3, expirations: 2, keys: 0 });
    });

    t.test('the target may be a part of a larger buffer', async (t) => {
      const cache = create();
      for (const length of [5, 100, 5_000]) {
        cache.set('k', provingValue('k', 2, length));
        const whole = Buffer.alloc(length + 10, 0xaa);
        t.equal(cache.getInto('k', whole.subarray(3, 3 + length)), length);
        t.equal(flawIn('k', whole.subarray(3, 3 + length)), undefined);
        t.ok([0, 1, 2, length + 3, length + 9].every((at) => whole[at] === 0xaa));
      }
    });

    t.test('what does not fit does not count as used; what was copied does', async (t) => {
      const cache = SharedCache.create(guarded({ maxMemory: 64 * KIB, maxKeys: 2 }, guard));
      cache.set('a', 'value');
      cache.set('b', 'value');
      cache.getInto('a', new Uint8Array(5));
      cache.set('c', 'value');
      t.strictSame([...cache.keys()].sort(), ['a', 'c']);
      cache.getInto('a', new Uint8Array(4));
      cache.set('d', 'value');
      t.strictSame([...cache.keys()].sort(), ['c', 'd']);
    });
  });
}

t.test('a wrong target is refused by name', async (t) => {
  const cache = SharedCache.create({ maxMemory: 64 * KIB });
  cache.set('k', 'v');
  for (const target of [undefined, null, 5, 'text', {}, [], new ArrayBuffer(4), new Uint16Array(2)]) {
    t.match(
      thrownBy(() => cache.getInto('k', target as Uint8Array)),
      /^TypeError: target must be a Uint8Array, not /,
    );
  }
  t.equal(cache.stats().hits, 0);
});
