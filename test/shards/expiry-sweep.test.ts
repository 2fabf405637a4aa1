/**
 * Expired entries are removed without being asked for: which, by whom, and for how long at a time. With clocks and
 * timers that go on when they are told to.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { find, slotOf } from '../../shards/bucket.js';
import { expiryOf, keyLengthOf, keyStart, NEVER } from '../../shards/entry.js';
import type { ExpirySweep } from '../../shards/expiry.js';
import { ExpiryTimer } from '../../shards/expiry-timer.js';
import { hashWords } from '../../shards/hash.js';
import { SharedCache } from '../../shards/index.js';
import { CONTROL_HEADER_WORDS, FLAG_EXPIRES, FLAG_FRAGMENT, SHARD_EVICTIONS } from '../../shards/layout.js';
import { ageOf, earliestExpiry, isClosed } from '../../shards/segment.js';
import { FROM_START, type Resume, walk } from '../../shards/walk.js';
import { plain } from '../plain.js';
import { Mover, Rig, Side } from './rig.js';
import { stepping } from './stepping.js';
import { FakeClock, FakeTimers, provingValue } from './support.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const CHILD = fileURLToPath(new URL('./fixtures/expiry-child.js', import.meta.url));

/** Runs with a clock and timers that stand still, both at the beginning of a second. */
function still(act: (clock: FakeClock, timers: FakeTimers) => void): void {
  const clock = new FakeClock();
  try {
    FakeTimers.run((timers) => act(clock, timers));
  } finally {
    clock.restore();
  }
}

const value = (key: string, size = 60): Uint8Array => provingValue(key, 1, size);

function setMany(cache: SharedCache, name: string, count: number, ttl: number, size = 60): void {
  for (let i = 0; i < count; i++) cache.set(`${name}${i}`, value(`${name}${i}`, size), { ttl });
}

function held(cache: SharedCache, name: string): number {
  return [...cache.keys()].filter((key) => key.startsWith(name)).length;
}

t.test('the memory of what has expired comes back without a read', async (t) => {
  for (const options of [{}, { shards: 3 }, { maxKeys: 1_000 }, { guard: 'lock' }] as const) {
    still((clock, timers) => {
      const fill = (cache: SharedCache, withShort: boolean): SharedCache => {
        for (let i = 0; i < 100; i++) {
          cache.set(`none${i}`, value(`none${i}`));
          cache.set(`long${i}`, value(`long${i}`), { ttl: 60_000 });
          if (withShort) setMany(cache, `short${i}-`, 3, 1_000);
        }
        if (withShort) setMany(cache, 'large', 5, 1_000, 9_000);
        return cache;
      };
      const cache = fill(SharedCache.create({ maxMemory: MIB, ...options }), true);
      const other = fill(SharedCache.create({ maxMemory: MIB, ...options }), false);
      const { bytesUsed } = cache.stats();
      clock.now += 999;
      timers.fireIntervals();
      t.equal(cache.size, 505, 'not a millisecond before');
      t.equal(cache.stats().bytesUsed, bytesUsed);
      clock.now += 1;
      timers.fireIntervals();
      timers.fireTimeouts();
      t.equal(cache.size, 505, 'the last sweep was a moment ago');
      clock.now += 127;
      timers.fireIntervals();
      timers.fireTimeouts();
      t.equal(cache.size, 200, JSON.stringify(options));
      t.equal(cache.stats().bytesUsed, other.stats().bytesUsed);
      const { expirations, evictions, hits, misses } = cache.stats();
      t.strictSame(
        { expirations, evictions, hits, misses },
        { expirations: 305, evictions: 0, hits: 0, misses: 0 },
      );
      t.equal(held(cache, 'none'), 100, 'what does not expire is untouched');
      t.equal(held(cache, 'long'), 100, 'and what expires later');
      t.equal(cache.ttl('long5'), 60_000 - 1_127);
      clock.now += 60_000;
      timers.fireIntervals();
      timers.fireTimeouts();
      t.equal(cache.size, 100, 'its turn comes too');
      t.strictSame(cache.integrityErrors(), []);
    });
  }
});

t.test('with time to live changed by expire and by overwriting, the last one counts', async (t) => {
  still((clock, timers) => {
    const cache = SharedCache.create({ maxMemory: 256 * KIB });
    const later = (ms: number): void => {
      clock.now += ms;
      timers.fireIntervals();
      timers.fireTimeouts();
    };
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, 'v', { ttl: 1_000 });
    cache.expire('a', 5_000);
    cache.set('b', 'w');
    cache.expire('c', 0);
    later(2_000);
    t.strictSame([...cache.keys()].sort(), ['a', 'b', 'c']);
    t.equal(cache.size, 3);
    cache.expire('c', 1_000);
    later(3_000);
    t.equal(cache.size, 1);
    t.equal(cache.getString('b'), 'w');
  });
});

// ---- what segments note -----------------------------------------------------------------------------------------

const SECOND = 1_000;

/** Entries that can be read and that the note of their segment does not tell of. */
function unnoted({ view, shard }: Side, rig: Rig): string[] {
  const flaws: string[] = [];
  for (let segment = 0; segment < rig.layout.segments; segment++) {
    const noted = earliestExpiry(view, segment);
    walk(view, segment, FROM_START, (location, kind) => {
      if (!(kind & FLAG_EXPIRES) || kind & FLAG_FRAGMENT) return true;
      const hash = hashWords(rig.secrets, view.words, keyStart(location, kind), keyLengthOf(kind));
      const second = Math.min(Math.floor(expiryOf(view, location, kind) / SECOND), 2 ** 32 - 1);
      if (slotOf(view, hash, location) === 0 || (noted !== 0 && noted <= second)) return true;
      flaws.push(`segment ${segment} notes ${noted}, and has an entry that expires in ${second}`);
      return true;
    });
  }
  return [...flaws, ...(shard.keys < 0 ? ['fewer than no keys'] : []), ...rig.errors()];
}

function notes({ view }: Side, closed: boolean): number[] {
  return Array.from({ length: view.layout.segments }, (_, segment) => segment)
    .filter((segment) => isClosed(view, segment) === closed && earliestExpiry(view, segment) !== 0)
    .map((segment) => earliestExpiry(view, segment));
}

t.test('each segment notes the earliest second in which one of its entries expires', async (t) => {
  still((clock) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const side = new Side(rig, 1);
    const at = (seconds: number): number => clock.now / SECOND + seconds;
    side.set('none', value('none'));
    t.strictSame(notes(side, false), [], 'nothing expires');
    side.set('a', value('a'), clock.now + 50_999);
    t.strictSame(notes(side, false), [at(50)], 'rounded down');
    side.set('b', value('b'), clock.now + 70_000);
    t.strictSame(notes(side, false), [at(50)]);
    side.set('c', value('c'), clock.now + 20_000);
    t.strictSame(notes(side, false), [at(20)]);
    side.set('large', value('large', 3_000), clock.now + 10_000);
    side.set('far', value('far'), Number.MAX_SAFE_INTEGER);
    t.strictSame(unnoted(side, rig), []);

    // By another thread, and moved: the note moves along.
    const mover = new Mover(rig, new Side(rig, 2));
    for (let i = 0; i < 40; i++) side.set(`fill${i}`, value('fill', 100));
    for (let segment = 0; segment < 6; segment++) mover.empty(segment);
    t.ok(side.get('a') && side.get('large'));
    t.strictSame(unnoted(side, rig), []);
  });
});

t.test('a sweep raises the note of a closed segment to what is left, and leaves an open one’s', async (t) => {
  still((clock) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const side = new Side(rig, 1);
    const at = (seconds: number): number => clock.now / SECOND + seconds;
    const sweep = (): void => {
      while (!side.shard.expirySweep.sweepSlice());
    };
    const expiring = (name: string, seconds: number): void => {
      side.set(name, value(name), clock.now + seconds * SECOND);
    };
    expiring('a', 1);
    expiring('b', 5);
    expiring('c', 9);
    sweep();
    t.strictSame(notes(side, false), [at(1)], 'not due');
    clock.now += SECOND;
    sweep();
    t.equal(side.shard.keys, 2);
    t.strictSame(notes(side, false), [at(0)], 'its writer may be about to note something');
    for (let i = 0; i < 40; i++) side.set(`fill${i}`, value('fill', 100));
    t.strictSame(notes(side, true), [at(0)]);
    sweep();
    t.strictSame(notes(side, true), [at(4)]);
    clock.now += 3_999;
    sweep();
    t.strictSame(notes(side, true), [at(0) + 0.001], 'in this second, but not yet');
    t.equal(side.shard.keys, 42);
    clock.now += 1;
    sweep();
    t.strictSame(notes(side, true), [at(4)]);
    clock.now += 4 * SECOND;
    sweep();
    t.strictSame(notes(side, true), [], 'nothing is left');
    t.equal(side.shard.keys, 40);
  });
});

t.test('an entry that lives beyond the year 2106 is no reason to sweep before', async (t) => {
  still((clock) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const side = new Side(rig, 1);
    side.set('short', value('short'), clock.now + SECOND);
    side.set('far', value('far'), Number.MAX_SAFE_INTEGER);
    for (let i = 0; i < 40; i++) side.set(`fill${i}`, value('fill', 100));
    clock.now += SECOND;
    side.shard.expirySweep.sweepSlice();
    t.equal(side.shard.keys, 41);
    t.strictSame(notes(side, true), [2 ** 32 - 1]);
  });
});

t.test('what is written, closed or moved in the middle of a sweep stays noted, at any access', async (t) => {
  const written: Readonly<Record<string, (writer: Side, mover: Mover, now: number) => void>> = {
    'one that expires later than what is noted': (writer, _mover, now) => {
      writer.set('new', value('new'), now + 5 * SECOND);
    },
    'one that expires sooner': (writer, _mover, now) => {
      writer.set('new', value('new'), now + 1);
    },
    'so many that another segment is opened': (writer, _mover, now) => {
      for (let i = 0; i < 30; i++) writer.set(`new${i}`, value(`new${i}`), now + (i + 2) * SECOND);
    },
    'a large one': (writer, _mover, now) => {
      writer.set('new', value('new', 3_000), now + 3 * SECOND);
    },
    'entries moved to other segments': (_writer, mover) => {
      for (let segment = 0; segment < 8; segment++) mover.empty(segment);
    },
  };
  for (const [name, write] of Object.entries(written)) {
    const flaws: string[] = [];
    for (let stop = 1, reached = true; reached && flaws.length === 0; stop++) {
      reached = false;
      still((clock) => {
        const rig = new Rig({ maxMemory: 64 * KIB });
        const [sweeper, writer, other] = [new Side(rig, 1), new Side(rig, 2), new Side(rig, 3)];
        const mover = new Mover(rig, other);
        // Of these, the last ones lie in the writer's open segment.
        for (let i = 0; i < 30; i++) {
          writer.set(`k${i}`, value(`k${i}`), clock.now + (i % 3 === 0 ? 1 : 100) * SECOND);
        }
        clock.now += SECOND;
        stepping(
          () => sweeper.shard.expirySweep.sweepSlice(),
          (access) => {
            if (access !== stop) return;
            reached = true;
            write(writer, mover, clock.now);
          },
        );
        flaws.push(...unnoted(sweeper, rig).slice(0, 3));
        clock.now += 200 * SECOND;
        for (let i = 0; i < 3; i++) sweeper.shard.expirySweep.sweepSlice();
        if (sweeper.shard.keys !== 0) flaws.push(`${sweeper.shard.keys} keys are left in the end`);
        if (rig.liveWords !== 0) flaws.push(`${rig.liveWords} words count as reachable in the end`);
        if (flaws.length > 0) flaws.push(`at access ${stop}`);
      });
    }
    t.strictSame(flaws, [], name);
  }
});

// ---- for how long -----------------------------------------------------------------------------------------------

t.test(
  'between two looks at the clock a slice walks 64 records, and it ends when its time is over',
  async (t) => {
    const sizes: Readonly<Record<string, number>> = {
      'tiny ones, more than 64 in a segment': 0,
      'a few in each segment': 200,
    };
    for (const [name, size] of Object.entries(sizes)) {
      still((clock, timers) => {
        const rig = new Rig({ maxMemory: 256 * KIB });
        const side = new Side(rig, 1);
        for (let i = 0; i < 600; i++) side.set(`k${i}`, value(`k${i}`, size), clock.now + SECOND);
        t.equal(side.shard.keys, 600);
        clock.now += SECOND;
        let before = 600;
        let most = 0;
        let looks = 0;
        timers.perLook = 0.25;
        timers.atLook = () => {
          looks++;
          most = Math.max(most, before - side.shard.keys);
          before = side.shard.keys;
        };
        let slices = 1;
        for (; !side.shard.expirySweep.sweepSlice(); slices++) {
          t.ok(looks <= 5, 'a millisecond');
          looks = 0;
        }
        t.equal(side.shard.keys, 0, 'slice by slice, all of them go');
        t.ok(most <= 64, `${name}: ${most} in a row`);
        t.ok(slices >= 600 / 64 / 5, `${slices} slices`);
        t.strictSame(rig.errors(), []);
      });
    }
  },
);

t.test('slice after slice comes to the end of a segment that takes longer than one', async (t) => {
  still((clock, timers) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const side = new Side(rig, 1);
    for (let i = 0; i < 70; i++) side.set(`stays${i}`, new Uint8Array(), clock.now + 100 * SECOND);
    for (let i = 0; i < 10; i++) side.set(`short${i}`, new Uint8Array(), clock.now + SECOND);
    clock.now += SECOND;
    timers.perLook = 1;
    const ended = [1, 2, 3].map(() => side.shard.expirySweep.sweepSlice());
    t.ok(ended.includes(true));
    t.equal(side.shard.keys, 70);
  });
});

t.test('what one slice has seen of a segment is not forgotten when the next one ends it', async (t) => {
  still((clock, timers) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const side = new Side(rig, 1);
    const expiring = (name: string, count: number, seconds: number): void => {
      for (let i = 0; i < count; i++) side.set(`${name}${i}`, new Uint8Array(), clock.now + seconds * SECOND);
    };
    expiring('short', 5, 1);
    expiring('early', 50, 5);
    expiring('late', 25, 100);
    for (let i = 0; i < 20; i++) side.set(`fill${i}`, value('fill', 100));
    clock.now += SECOND;
    timers.perLook = 1;
    for (let i = 0; i < 4; i++) side.shard.expirySweep.sweepSlice();
    t.equal(side.shard.keys, 95);
    t.strictSame(unnoted(side, rig), []);
    clock.now += 4 * SECOND;
    timers.perLook = 0;
    for (let i = 0; i < 2; i++) side.shard.expirySweep.sweepSlice();
    t.equal(side.shard.keys, 45);
  });
});

t.test('a sweep goes on where it stopped, unless that is another life of the segment', async (t) => {
  still((clock, timers) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const [side, writer] = [new Side(rig, 1), new Side(rig, 2)];
    for (let i = 0; i < 100; i++) writer.set(`a${i}`, new Uint8Array(), clock.now + SECOND);
    clock.now += SECOND;
    timers.perLook = 1;
    t.equal(side.shard.expirySweep.sweepSlice(), false);
    t.equal(side.shard.keys, 36);
    // The rest is moved away, and other entries come where it was, at other offsets.
    const mover = new Mover(rig, new Side(rig, 3));
    for (let i = 0; i < 10; i++) writer.set(`c${i}`, value('c', 100));
    mover.empty(0);
    for (let i = 0; i < 60; i++) writer.set(`b${i}`, value(`b${i}`, 50 + i), clock.now);
    timers.perLook = 0;
    side.shard.expirySweep.sweepSlice();
    side.shard.expirySweep.sweepSlice();
    t.equal(side.shard.keys, 10, 'none of them is missed');
    t.strictSame(rig.errors(), []);
  });
});

t.test(
  'a walk goes on at an offset of the same life of a segment, in another one it begins anew',
  async (t) => {
    const rig = new Rig({ maxMemory: 64 * KIB });
    const { view } = new Side(rig, 1);
    const writer = new Side(rig, 2);
    for (let i = 0; i < 5; i++) writer.set(`k${i}`, value(`k${i}`));
    const segment = view.segmentOf(find(writer.view, writer.load('k0')));
    const age = ageOf(view, segment);
    const visited = (from: Resume, most = Infinity): { offsets: number[]; stoppedAt: number } => {
      const offsets: number[] = [];
      const stoppedAt = walk(view, segment, from, (location) => {
        offsets.push(location - view.segmentStart(segment));
        return offsets.length < most;
      });
      return { offsets, stoppedAt };
    };
    const all = visited(FROM_START).offsets;
    t.equal(all.length, 5);
    t.strictSame(visited(FROM_START, 2), { offsets: all.slice(0, 2), stoppedAt: all[2] });
    const offset = all[2] ?? 0;
    t.strictSame(visited({ offset, age }), { offsets: all.slice(2), stoppedAt: 0 });
    t.strictSame(visited({ offset, age: age - 1 }), { offsets: all, stoppedAt: 0 });
    t.strictSame(
      visited({ offset, age }, 3).stoppedAt,
      0,
      'after the last one there is nothing to go on with',
    );
  },
);

t.test('a writer that needs room sweeps, and after one that brought nothing rests for 20 ms', async (t) => {
  still((clock, timers) => {
    const side = new Side(new Rig({ maxMemory: 64 * KIB }), 1);
    const { expirySweep } = side.shard;
    for (let i = 0; i < 10; i++) side.set(`k${i}`, value('k'), clock.now + SECOND);
    t.equal(expirySweep.sweepNow(), 0);
    clock.now += SECOND;
    timers.elapsed += 19;
    t.equal(expirySweep.sweepNow(), 0);
    timers.elapsed += 1;
    t.equal(expirySweep.sweepNow(), 10);
    t.equal(expirySweep.sweepNow(), 0);
  });
});

// ---- by whom ----------------------------------------------------------------------------------------------------

/** A sweep that takes so many slices. */
function sweepOf(slices: number): { sweep: ExpirySweep; done: () => number } {
  let done = 0;
  const sweepSlice = (): boolean => ++done % slices === 0;
  return { sweep: { sweepSlice } as ExpirySweep, done: () => done };
}

t.test('of several threads’ timers one sweeps, whichever is first', async (t) => {
  still((clock, timers) => {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
    const threads = [sweepOf(1), sweepOf(1), sweepOf(1)];
    const caches = threads.map(() => ({}));
    threads.forEach(({ sweep }, i) => {
      ExpiryTimer.start(caches[i] as object, control, [sweep]);
    });
    const swept = (): number => threads.reduce((sum, { done }) => sum + done(), 0);
    for (let round = 1; round <= 20; round++) {
      timers.fireIntervals();
      t.equal(swept(), round);
      clock.now += 64;
      timers.fireIntervals();
      t.equal(swept(), round, 'not before an interval has passed');
      clock.now += 64;
    }
    clock.now -= 3_600_000;
    timers.fireIntervals();
    t.equal(swept(), 21, 'when the system’s clock was set back, none waits for an hour');
    t.equal(caches.length, 3);
  });
});

t.test('all shards are swept, a slice at a time, with time for others in between', async (t) => {
  still((_clock, timers) => {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
    const shards = [sweepOf(3), sweepOf(1), sweepOf(2)];
    const cache = {};
    ExpiryTimer.start(
      cache,
      control,
      shards.map(({ sweep }) => sweep),
    );
    const done = (): number[] => shards.map((shard) => shard.done());
    timers.fireIntervals();
    t.strictSame(done(), [1, 0, 0]);
    timers.fireTimeouts(1);
    t.strictSame(done(), [2, 0, 0]);
    timers.fireTimeouts(1);
    t.strictSame(done(), [3, 1, 1]);
    timers.fireTimeouts();
    t.strictSame(done(), [3, 1, 2]);
    t.equal(timers.waiting, 0);
    t.ok(cache);
  });
});

t.test('a sweep that takes longer than the interval is not begun once more meanwhile', async (t) => {
  still((clock, timers) => {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
    const { sweep, done } = sweepOf(100);
    const cache = {};
    ExpiryTimer.start(cache, control, [sweep]);
    timers.fireIntervals();
    for (let slices = 1; slices < 50; slices++) {
      t.equal(done(), slices);
      for (let i = 0; i < 5; i++) {
        clock.now += 128;
        timers.fireIntervals();
      }
      t.equal(timers.waiting, 1, 'or slice would follow slice without a break');
      timers.fireTimeouts(1);
    }
    t.ok(cache);
  });
});

async function childEnds(argument: string): Promise<{ code: number | null; output: string }> {
  const child: ChildProcess = spawn(...plain(process.execPath, ['--expose-gc', CHILD, argument]), {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 60_000,
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

t.test('a cache whose entries expire does not keep its process alive', async (t) => {
  t.strictSame(await childEnds('exit'), { code: 0, output: '' });
});

t.test('a cache that was dropped is collected, and its timer ends', async (t) => {
  t.strictSame(await childEnds('collect'), { code: 0, output: 'collected, and the timer has ended\n' });
});

// ---- expired before living --------------------------------------------------------------------------------------

t.test('no living entry is evicted while expired ones hold the memory', async (t) => {
  for (const guard of ['lock-free', 'lock'] as const) {
    still((clock) => {
      const cache = SharedCache.create({ maxMemory: 256 * KIB, guard });
      setMany(cache, 'old', 400, 0, 200);
      setMany(cache, 'short', 400, SECOND, 200);
      clock.now += SECOND;
      setMany(cache, 'new', 350, 0, 200);
      t.equal(cache.stats().evictions, 0, guard);
      t.equal(held(cache, 'old') + held(cache, 'new'), 750);
    });
  }
});

t.test('with maxKeys too, the most recent ones even: expired keys go first', async (t) => {
  for (const [maxKeys, shards, short] of [
    [10, 1, 5],
    [100, 1, 50],
    [300, 2, 150],
    // So few that no sample would meet them.
    [1_000, 2, 3],
  ] as const) {
    still((clock, timers) => {
      const cache = SharedCache.create({ maxMemory: MIB, maxKeys, shards });
      setMany(cache, 'old', maxKeys - short, 0);
      setMany(cache, 'short', short, SECOND);
      clock.now += SECOND;
      timers.elapsed += 100;
      setMany(cache, 'new', short, 0);
      const { evictions, expirations } = cache.stats();
      t.strictSame({ evictions, expirations }, { evictions: 0, expirations: short }, `${maxKeys} keys`);
      t.equal(held(cache, 'old'), maxKeys - short);
    });
  }
});

t.test('an expired key that is met by the evictor itself goes first, and counts as expired', async (t) => {
  still((clock) => {
    const rig = new Rig({ maxMemory: 64 * KIB, maxKeys: 10 });
    const side = new Side(rig, 1);
    for (let i = 0; i < 9; i++) side.set(`old${i}`, value('old'));
    side.set('short', value('short'), clock.now + SECOND / 2);
    // This one has the sweep rest: now only the evictor itself can know.
    side.shard.expirySweep.sweepNow();
    clock.now += SECOND / 2;
    side.set('new', value('new'), NEVER);
    t.equal(side.shard.keys, 10);
    t.equal(side.get('short'), undefined);
    t.equal(side.view.words[SHARD_EVICTIONS], 0);
    t.ok(side.get('old0'));
  });
});
