/** Stamps, ghosts and the clock they are made by: what is remembered of an entry's uses, and when ticks repeat. */
import t from 'tap';
import { Clock } from '../../shards/clock.js';
import { ghostOf, isGhost, isOlderGhost, stampOfGhost } from '../../shards/ghost.js';
import {
  CLASSES,
  CONTROL_HEADER_WORDS,
  CONTROL_TICK,
  CONTROL_TICK_SCALE,
  CONTROL_TICK_SCALED_AT,
} from '../../shards/layout.js';
import { ageOfStamp, classOf, firstStamp, isOfTick, nextStamp } from '../../shards/stamp.js';

/** Ticks of every kind: the first, some in the middle, those around the wraps of 14, 31 and 32 bits. */
const TICKS = [0, 1, 2, 5_000, 16_382, 16_383, 16_384, 16_385, 2 ** 31 - 1, -(2 ** 31), -2, -1];

t.test('a stamp has the tick of the last use, and the class of how many uses there were', async (t) => {
  for (const tick of TICKS) {
    let stamp = firstStamp(tick);
    const classes: number[] = [];
    for (let use = 1; use <= 5; use++) {
      classes.push(classOf(stamp));
      t.equal(isOfTick(stamp, tick + use - 1), true, `use ${use} from tick ${tick} on`);
      t.equal(ageOfStamp(stamp, tick + use - 1), 0);
      t.ok(stamp >= 0 && stamp <= 0xffff, 'in 16 bits');
      stamp = nextStamp(stamp, tick + use);
    }
    t.strictSame(classes, [0, 1, 2, 2, 2], 'once, twice, more often');
  }
});

t.test('an age is right up to 16,383 ticks, across every wrap, and then begins anew', async (t) => {
  for (const tick of TICKS) {
    for (const stamp of [firstStamp(tick), nextStamp(nextStamp(firstStamp(tick - 9), tick - 5), tick)]) {
      for (const age of [0, 1, 100, 8_191, 8_192, 16_383]) {
        t.equal(ageOfStamp(stamp, (tick + age) | 0), age);
        t.equal(isOfTick(stamp, (tick + age) | 0), age === 0);
      }
      t.equal(ageOfStamp(stamp, (tick + 16_384) | 0), 0);
    }
  }
});

t.test('a ghost has the class of its entry and the tick of its eviction, and is no location', async (t) => {
  for (const tick of TICKS) {
    for (let entryClass = 0; entryClass < CLASSES; entryClass++) {
      const ghost = ghostOf(entryClass, tick);
      t.equal(isGhost(ghost), true);
      t.equal(Int32Array.of(ghost)[0], ghost, 'one word');
      const stamp = stampOfGhost(ghost);
      t.equal(classOf(stamp), entryClass);
      t.equal(ageOfStamp(stamp, tick + 7), 7);
      t.equal(classOf(nextStamp(stamp, tick)), Math.min(entryClass + 1, CLASSES - 1), 'coming back is a use');
    }
  }
  t.equal(isGhost(0), false, 'an empty slot');
  t.equal(isGhost(1), false);
  t.equal(isGhost(2 ** 28 - 1), false, 'the last location there is');
});

t.test(
  'of two ghosts the older one is known, whatever their classes, less than 8,192 ticks apart',
  async (t) => {
    for (const tick of TICKS) {
      for (const apart of [1, 2, 1_000, 8_191]) {
        for (const [one, other] of [
          [0, 0],
          [0, 2],
          [2, 0],
        ] as const) {
          const [older, younger] = [ghostOf(one, tick), ghostOf(other, tick + apart)];
          t.equal(isOlderGhost(older, younger), true);
          t.equal(isOlderGhost(younger, older), false);
        }
      }
      t.equal(isOlderGhost(ghostOf(1, tick), ghostOf(2, tick)), false, 'of one tick, neither is');
    }
  },
);

/** A clock of a cache with that many keys, and the words it goes by. */
function clockOf(keys: number): { clock: Clock; control: Int32Array<SharedArrayBuffer> } {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
  return { clock: new Clock(control, () => keys), control };
}

function accesses(clock: Clock, count: number): number {
  const before = clock.now;
  for (let i = 0; i < count; i++) clock.access();
  return (clock.now - before) | 0;
}

t.test('the clock', async (t) => {
  t.test('ticks at every access of a cache of up to 127 keys: each use has a tick of its own', async (t) => {
    for (const keys of [0, 1, 32, 64, 127]) {
      const { clock } = clockOf(keys);
      const ticks = Array.from({ length: 100 }, () => clock.access());
      t.strictSame(
        ticks,
        Array.from({ length: 100 }, (_, i) => i + 1),
        `${keys} keys`,
      );
    }
  });

  t.test('ticks 64 times while a larger cache is accessed as often as it has keys', async (t) => {
    for (const keys of [128, 1_280, 64_000]) {
      const { clock } = clockOf(keys);
      clock.access();
      t.equal(accesses(clock, keys), 64, `${keys} keys`);
    }
  });

  t.test('follows the number of keys', async (t) => {
    const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
    let keys = 6_400;
    const clock = new Clock(control, () => keys);
    accesses(clock, 6_400);
    keys = 640;
    accesses(clock, 100);
    t.equal(accesses(clock, 6_400), 640);
  });

  t.test('is the same for all threads: each of their ticks is another one', async (t) => {
    const { clock, control } = clockOf(1);
    const other = new Clock(control, () => 1);
    const ticks = Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? other : clock).access());
    t.equal(new Set(ticks).size, 50);
    t.equal(other.now, clock.now);
  });

  t.test('goes on when its word wraps around', async (t) => {
    const { clock, control } = clockOf(1);
    control[CONTROL_TICK] = 2 ** 31 - 2;
    const stamp = firstStamp(clock.now);
    for (let i = 0; i < 10; i++) clock.access();
    t.equal(clock.now, -(2 ** 31) + 8);
    t.equal(ageOfStamp(stamp, clock.now), 10);
  });

  t.test('goes slower when entries grow old before they are evicted, faster when they do not', async (t) => {
    const { clock, control } = clockOf(6_400);
    /** Evictions of entries of that age, each long after the last change. */
    const evict = (age: number, times: number): void => {
      for (let i = 0; i < times; i++) {
        control[CONTROL_TICK] += 2_048;
        clock.evicted(age);
      }
    };
    control[CONTROL_TICK] = 5_000;
    clock.access();
    t.equal(accesses(clock, 6_400), 64);
    t.equal(clock.ticksIn(1), 64);
    evict(2_049, 1);
    accesses(clock, 100);
    t.equal(accesses(clock, 6_400), 32, 'half as fast');
    t.equal(clock.ticksIn(1), 32);
    t.equal(clock.ticksIn(0.5), 16);
    evict(5_000, 1);
    accesses(clock, 200);
    t.equal(accesses(clock, 6_400), 16);
    for (const age of [16, 17, 500, 2_048]) evict(age, 5);
    t.equal(control[CONTROL_TICK_SCALE], 2, 'ages in between are right');
    evict(15, 1);
    t.equal(control[CONTROL_TICK_SCALE], 1);
    evict(0, 9);
    t.equal(control[CONTROL_TICK_SCALE], 0, 'never faster than usual');
    t.equal(clock.ticksIn(1), 64);
    evict(16_383, 40);
    t.equal(control[CONTROL_TICK_SCALE], 16, '65,536 times slower at most');
  });

  t.test('changes its pace once per 2,048 ticks: stamps of before still have their old ages', async (t) => {
    for (const start of [5_000, 2 ** 31 - 1_000, -1_000]) {
      const { clock, control } = clockOf(1);
      control[CONTROL_TICK] = start;
      control[CONTROL_TICK_SCALED_AT] = start - 2_048;
      clock.evicted(4_000);
      t.equal(control[CONTROL_TICK_SCALE], 1);
      for (const later of [0, 1, 2_047]) {
        control[CONTROL_TICK] = start + later;
        for (const age of [4_000, 1]) {
          clock.evicted(age);
          t.equal(control[CONTROL_TICK_SCALE], 1, `${later} ticks later`);
        }
      }
      control[CONTROL_TICK] = start + 2_048;
      clock.evicted(4_000);
      t.equal(control[CONTROL_TICK_SCALE], 2);
    }
  });
});
