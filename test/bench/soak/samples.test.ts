/** Growth: what rises and stays is found, what fills up once or goes up and down is not. */
import t from 'tap';
import { growthOf, type Sample } from '../../../src/bench/soak/samples.js';

const MB = 2 ** 20;

function growth(megabytes: (sample: number) => number) {
  const samples = Array.from(
    { length: 30 },
    (_, i) => ({ seconds: 10 * i, residentBytes: megabytes(i) * MB }) as Sample,
  );
  return growthOf(samples, 'residentBytes');
}

t.test('growth', async (t) => {
  t.match(
    growth((i) => 200 + 10 * i),
    { isTooMuch: true },
  );
  t.ok(Math.abs((growth((i) => 200 + 10 * i)?.perMinute ?? 0) - 60 * MB) < 1);
  t.match(
    growth((i) => Math.min(400, 100 + 100 * i)),
    { isTooMuch: false, first: 400 * MB, last: 400 * MB, perMinute: 0 },
  );
  t.match(
    growth((i) => 300 + 60 * (i % 2)),
    { isTooMuch: false },
  );
  t.equal(growthOf([], 'residentBytes'), undefined);
});
