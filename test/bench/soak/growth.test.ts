/** Growth: a slow leak is found beside much noise; what goes up and down, or had filled up before, is none. */
import t from 'tap';
import { growthOf } from '../../../src/bench/soak/growth.js';
import { randomNumbers } from '../../../src/bench/zipf.js';

const BORNE = { atLeast: 4, share: 0.01 };
const SECONDS = 600;
const SERIES = 200;

type Noise = () => number;
type Curve = (seconds: number, noise: Noise) => number;

/** Megabytes over ten minutes, with a sample every two seconds. @param noise -1 to 1 */
function growth(value: Curve, seed = 1) {
  const random = randomNumbers(seed);
  const noise = () => 2 * random() - 1;
  const points = Array.from({ length: SECONDS / 2 }, (_, i) => ({
    seconds: 2 * i,
    value: value(2 * i, noise),
  }));
  return growthOf(points, BORNE);
}

/** In how many of many series with noise of their own it is found. */
function found(value: Curve): number {
  return Array.from({ length: SERIES }, (_, seed) => growth(value, seed)).filter((one) => one?.isTooMuch)
    .length;
}

/** Rises for so many seconds, and falls at once. */
function sawTooth(seconds: number, period: number, height: number): number {
  return ((seconds % period) / period) * height;
}

t.test('a leak of 1 MB a minute is found beside noise of 5 MB either way', async (t) => {
  t.equal(
    found((seconds, noise) => 300 + seconds / 60 + 5 * noise()),
    SERIES,
  );
  const { first = 0, last = 0 } = growth((seconds) => 300 + seconds / 60) ?? {};
  t.ok(Math.abs(last - first - 10) < 0.1, 'and is told for what it is');
});

t.test('a leak is found below the saw-teeth of a garbage collector', async (t) => {
  const leak = (seconds: number) => seconds / 60;
  t.equal(
    found((seconds, noise) => 100 + leak(seconds) + sawTooth(seconds, 14, 20) + 2 * noise()),
    SERIES,
  );
});

t.test('what rises step by step all the time is found', async (t) => {
  t.equal(
    found((seconds, noise) => 300 + 8 * Math.floor(seconds / 100) + noise()),
    SERIES,
  );
});

t.test('noise alone is no growth, much of it neither', async (t) => {
  for (const height of [0, 1, 5, 50]) {
    t.equal(
      found((_, noise) => 300 + height * noise()),
      0,
      `±${height}`,
    );
  }
});

t.test('saw-teeth, spikes and what shrinks are no growth', async (t) => {
  t.equal(
    found((seconds, noise) => 100 + sawTooth(seconds, 14, 20) + noise()),
    0,
  );
  t.equal(
    found((seconds, noise) => 100 + sawTooth(seconds, 50, 60) + noise()),
    0,
  );
  t.equal(
    found((seconds, noise) => 300 + (seconds % 60 < 6 ? 200 : 0) + noise()),
    0,
  );
  t.equal(
    found((seconds, noise) => 300 - seconds / 60 + noise()),
    0,
  );
});

t.test('one step, early or late, is no trend', async (t) => {
  const step =
    (at: number): Curve =>
    (seconds, noise) =>
      300 + (seconds > at ? 30 : 0) + noise();
  t.equal(found(step(60)), 0);
  t.equal(found(step(540)), 0);
});

t.test('what is borne is a share of what there was, where that is more', async (t) => {
  const value = (seconds: number) => 1000 + seconds / 100;
  t.match(growth(value), { isTooMuch: false, tolerance: 10 });
  t.match(
    growth((seconds) => value(2.5 * seconds)),
    { isTooMuch: true },
  );
});

t.test('what was not measured does not count, and of too little nothing is said', async (t) => {
  const gaps: Curve = (seconds) => (seconds % 6 === 0 ? Number.NaN : 300 + seconds / 60);
  t.match(growth(gaps), { isTooMuch: true });
  t.equal(growthOf([], BORNE), undefined);
  const few = Array.from({ length: 7 }, (_, i) => ({ seconds: i, value: 100 * i }));
  t.equal(growthOf(few, BORNE), undefined);
  const unknown = Array.from({ length: 100 }, (_, i) => ({ seconds: i, value: Number.NaN }));
  t.equal(growthOf(unknown, BORNE), undefined);
});
