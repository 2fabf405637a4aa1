/** How fast entries of each class age: learned from keys that come back, within bounds, and forgotten again. */
import t from 'tap';
import { ClassWeights } from '../../shards/class-weights.js';
import { Clock } from '../../shards/clock.js';
import { ghostOf } from '../../shards/ghost.js';
import {
  CLASSES,
  CONTROL_EVICTED,
  CONTROL_HEADER_WORDS,
  CONTROL_TICK,
  CONTROL_TICK_SCALE,
  TICK_BITS,
} from '../../shards/layout.js';
import { EXACT_KEYS, Recency } from '../../shards/recency.js';
import { firstStamp } from '../../shards/stamp.js';

const [ONCE, TWICE, OFTEN] = [0, 1, 2];
const TICK = 10_000;
/** Ticks of half a turnover. */
const SOON = 32;

class Weights {
  readonly control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_HEADER_WORDS));
  readonly weights: ClassWeights;

  constructor(isAdaptive = true) {
    this.weights = new ClassWeights(this.control, new Clock(this.control, () => 1_000), isAdaptive);
    this.control[CONTROL_TICK] = TICK;
  }

  /** So many evictions of late of each class. */
  evicted(...counts: readonly number[]): void {
    this.control.set(counts, CONTROL_EVICTED);
  }

  /** Keys of a class come back, so many ticks after they were evicted. */
  back(entryClass: number, times = 1, after = SOON): void {
    for (let i = 0; i < times; i++) this.weights.learn(ghostOf(entryClass, TICK - after));
  }

  /** By class: what the score of an entry is multiplied by. */
  get all(): number[] {
    this.weights.refresh();
    return Array.from({ length: CLASSES }, (_, i) => this.weights.scoreOf((i << TICK_BITS) | TICK, TICK));
  }

  /** Of the classes ONCE and TWICE, in steps of a class that all evictions were of; that of OFTEN is 1. */
  get steps(): number[] {
    return this.all.slice(0, OFTEN).map((weight) => Math.log(weight) / 0.01);
  }
}

const near = (value: number | undefined, expected: number): boolean =>
  value !== undefined && Math.abs(value - expected) < 0.01 * Math.max(1, Math.abs(expected));

t.test('at first it is LRU: the score is the age, and nothing else counts', async (t) => {
  const { all, weights } = new Weights();
  t.strictSame(all, [1, 1, 1]);
  t.equal(weights.scoreOf(firstStamp(TICK - 99), TICK), 100);
  t.equal(weights.scoreOf((OFTEN << TICK_BITS) | (TICK - 99), TICK), 100);
  t.equal(weights.scoreOf(firstStamp(-1), 3), 5, 'around the wrap of the tick');
});

t.test('keys used often that come back make the others age faster', async (t) => {
  const one = new Weights();
  one.evicted(50, 0, 50);
  one.back(OFTEN, 1);
  const [once, twice] = one.steps;
  t.ok(near(once, 2) && near(twice, 2), `a step by the share of its class, one half: ${once}, ${twice}`);
  one.back(OFTEN, 9);
  t.ok((one.steps[ONCE] ?? 0) > 19, 'with each of them more');
  t.equal(one.all[OFTEN], 1);
});

t.test('keys used once that come back make those age more slowly, and only those', async (t) => {
  const one = new Weights();
  one.evicted(50, 25, 25);
  one.back(OFTEN, 10);
  const [once = 0, twice = 0] = one.steps;
  one.back(ONCE, 5);
  const [onceAfter = 0, twiceAfter = 0] = one.steps;
  t.ok(near(once - onceAfter, 10.1), `5 steps by a half: ${once} to ${onceAfter}`);
  t.ok(near(twiceAfter, twice * (1 - 5e-4) ** 5), 'the other one is only pulled back a little');
  one.back(TWICE, 3);
  t.ok(near(twiceAfter - (one.steps[TWICE] ?? 0), 12.1), '3 steps by a quarter');
});

t.test('weights stay between 1 and 64', async (t) => {
  const one = new Weights();
  one.evicted(10, 10, 10);
  one.back(ONCE, 50);
  one.back(TWICE, 50);
  t.strictSame(one.all, [1, 1, 1], 'no class ages more slowly than the last one');
  one.back(OFTEN, 1_000);
  const [once = 0, twice = 0] = one.all;
  t.ok(near(once, 64) && near(twice, 64), `${once}, ${twice}`);
  t.ok(once <= 64.001);
});

t.test('a class counts as having had a fiftieth of the evictions, at least', async (t) => {
  for (const [often, steps] of [
    [0, 50],
    [1, 50],
    [20, 50],
    [40, 25],
    [500, 2],
  ] as const) {
    const one = new Weights();
    one.evicted(1_000 - often, 0, often);
    one.back(OFTEN);
    t.ok(near(one.steps[ONCE], steps), `${often} of 1,000: ${one.steps[ONCE]} steps`);
  }
  const none = new Weights();
  none.back(OFTEN);
  t.ok(near(none.steps[ONCE], 50), 'when nothing was counted yet');
});

t.test('a key that comes back late is no reason to change: it only pulls back towards LRU', async (t) => {
  const one = new Weights();
  one.evicted(10, 10, 10);
  one.back(OFTEN, 60);
  const [before = 0] = one.steps;
  one.back(OFTEN, 100, SOON + 1);
  t.ok(near(one.steps[ONCE], before * (1 - 5e-4) ** 100), 'of any class');
  one.back(ONCE, 20_000, 5_000);
  t.ok((one.all[ONCE] ?? 0) < 1.02, 'in the end they are 1 again, but for rounding');
  one.back(OFTEN, 1, SOON);
  t.ok((one.steps[ONCE] ?? 0) > 1, 'half a turnover is soon');
});

t.test('what one thread learns, the others know after a refresh', async (t) => {
  const one = new Weights();
  const other = new ClassWeights(one.control, new Clock(one.control, () => 1_000), true);
  one.back(OFTEN, 10);
  t.equal(other.scoreOf(firstStamp(TICK), TICK), 1);
  other.refresh();
  t.equal(other.scoreOf(firstStamp(TICK), TICK), one.all[ONCE]);
  t.ok((one.all[ONCE] ?? 0) > 1);
});

t.test('evictions are counted by class, and halved once one has had as many as there are keys', async (t) => {
  const { control, weights } = new Weights();
  const counts = (): number[] => Array.from(control.subarray(CONTROL_EVICTED, CONTROL_EVICTED + CLASSES));
  const evict = (entryClass: number, times: number): void => {
    for (let i = 0; i < times; i++) weights.evicted((entryClass << TICK_BITS) | (TICK - 100), 10);
  };
  evict(ONCE, 10);
  evict(OFTEN, 4);
  t.strictSame(counts(), [10, 0, 4]);
  evict(ONCE, 1);
  t.strictSame(counts(), [5, 0, 2]);
});

t.test('evictions of old entries slow the clock down', async (t) => {
  const { control, weights } = new Weights();
  weights.evicted((OFTEN << TICK_BITS) | (TICK - 2_000), 10);
  t.equal(control[CONTROL_TICK_SCALE], 0);
  weights.evicted((OFTEN << TICK_BITS) | (TICK - 2_049), 10);
  t.equal(control[CONTROL_TICK_SCALE], 1);
});

t.test('the ghost that is left has the class of the stamp and the tick of now', async (t) => {
  const { weights } = new Weights();
  t.equal(weights.ghostFor((TWICE << TICK_BITS) | 5), ghostOf(TWICE, TICK));
});

t.test('a cache of up to 32 keys stays exact LRU, a larger or unlimited one learns', async (t) => {
  const isAdaptive = (maxKeys: number): boolean => {
    const { control } = new Weights();
    const { weights } = new Recency(
      control,
      maxKeys,
      () => 1_000,
      () => {},
    );
    for (let i = 0; i < 50; i++) weights.learn(ghostOf(OFTEN, TICK));
    weights.refresh();
    return weights.scoreOf(firstStamp(TICK), TICK) !== 1;
  };
  t.equal(EXACT_KEYS, 32);
  for (const maxKeys of [1, 2, 31, 32]) t.equal(isAdaptive(maxKeys), false, `${maxKeys} keys`);
  for (const maxKeys of [0, 33, 1_000]) t.equal(isAdaptive(maxKeys), true, `${maxKeys} keys`);
});
