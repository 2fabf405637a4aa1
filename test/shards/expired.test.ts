/** A key that somebody has found expired has gone: no write that is under way brings it back, and no clock. */
import t from 'tap';
import { SharedCache } from '../../shards/index.js';
import { draftOf, Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { bytes, FakeClock, GUARDS, guarded } from './support.js';

const KIB = 1024;
const TTL = 1_000;

/** Whether a key is there, as each read of a shard says. */
const LOOKS: Readonly<Record<string, (side: Side) => boolean>> = {
  get: (side) => side.get('key') !== undefined,
  getInto: (side) => side.shard.getInto(side.load('key'), new Uint8Array(8)) >= 0,
  read: (side) => side.shard.read(side.load('key')) !== undefined,
  expiry: (side) => side.shard.expiry(side.load('key')) >= 0,
  valueLength: (side) => side.shard.valueLength(side.load('key')) >= 0,
  touch: (side) => side.shard.touch(side.load('key')),
};

/**
 * Writes a value in place of one that is about to expire, if it is still there; at an access of that it expires, and
 * another thread looks. Undefined when the write has fewer accesses.
 */
function writtenAround(
  at: number,
  look: (side: Side) => boolean,
): { seen: boolean; stored: boolean } | undefined {
  const clock = new FakeClock();
  try {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const [writer, reader] = [new Side(rig, 1), new Side(rig, 2)];
    writer.set('key', bytes(1), clock.now + TTL);
    const expected = writer.shard.peek(writer.load('key'));
    if (expected === undefined) throw new Error('it was set');
    let seen: boolean | undefined;
    const write = () => writer.shard.write(writer.load('key'), draftOf(bytes(2)), expected);
    const outcome = stepping(write, (access) => {
      if (access !== at) return;
      clock.now += TTL;
      seen = look(reader);
    });
    return seen === undefined ? undefined : { seen, stored: outcome === 'stored' };
  } finally {
    clock.restore();
  }
}

t.test('what was found expired is not brought back by a write that had found it alive', async (t) => {
  for (const [name, look] of Object.entries(LOOKS)) {
    const outcomes = new Set<string>();
    for (let at = 1; ; at++) {
      const outcome = writtenAround(at, look);
      if (outcome === undefined) break;
      outcomes.add(`seen: ${outcome.seen}, stored: ${outcome.stored}`);
    }
    t.strictSame([...outcomes].sort(), ['seen: false, stored: false', 'seen: true, stored: true'], name);
  }
});

for (const guard of GUARDS) {
  t.test(`${guard}: a clock that is set back brings nothing back that was found expired`, async (t) => {
    const clock = new FakeClock();
    t.teardown(() => clock.restore());
    const target = new Uint8Array(8);
    const key = Buffer.from('key');
    const looks: Readonly<Record<string, (cache: SharedCache) => boolean>> = {
      get: (cache) => cache.get('key') !== undefined,
      getString: (cache) => cache.getString('key') !== undefined,
      getInto: (cache) => cache.getInto('key', target) >= 0,
      getMany: (cache) => cache.getMany(['key'])[0] !== undefined,
      has: (cache) => cache.has('key'),
      ttl: (cache) => cache.ttl('key') !== undefined,
      expire: (cache) => cache.expire('key', TTL),
      delete: (cache) => cache.delete('key'),
      update: (cache) => cache.update('key', (current) => current) !== undefined,
      'entries.read': ({ entries }) => entries.read('key') !== undefined,
      hasRange: ({ entries }) => entries.hasRange(key, 0, 3),
      touchRange: ({ entries }) => entries.touchRange(key, 0, 3),
      valueLengthRange: ({ entries }) => entries.valueLengthRange(key, 0, 3) >= 0,
    };
    for (const [name, look] of Object.entries(looks)) {
      const cache = SharedCache.create(guarded({ maxMemory: 64 * KIB }, guard));
      cache.set('key', 'value', { ttl: TTL });
      clock.now += TTL;
      t.equal(look(cache), false, `${name}: expired`);
      clock.now -= TTL;
      t.strictSame([cache.has('key'), cache.get('key'), cache.size], [false, undefined, 0], name);
      t.equal(cache.stats().expirations, 1);
    }
  });
}
