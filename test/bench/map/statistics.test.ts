/** What is made of rounds: the figures themselves, and the turns in which they are measured. */
import { test } from 'tap';
import { alternate } from '../../../src/bench/alternate.js';
import { timeRound } from '../../../src/bench/map/rounds.js';
import { rateOf, ratiosOf, timedOf } from '../../../src/bench/map/statistics.js';
import { spreadOf } from '../../../src/bench/spread.js';
import { countText, range, sizeText, textTable } from '../../../src/bench/text-table.js';

test('median, minimum and maximum', (t) => {
  const values = [10, 9, 100];
  t.strictSame(spreadOf(values), { median: 10, min: 9, max: 100 });
  t.strictSame(values, [10, 9, 100], 'the values stay as they are');
  t.equal(spreadOf([4, 1, 3, 2]).median, 2.5, 'of an even number: between the middle two');
  t.strictSame(spreadOf([]), { median: Number.NaN, min: Number.NaN, max: Number.NaN });
  t.end();
});

test('of rounds, elapsed and CPU time apart', (t) => {
  const rounds = [
    { wall: 3, cpu: 1 },
    { wall: 1, cpu: 2 },
    { wall: 2, cpu: 3 },
  ];
  t.strictSame(timedOf(rounds), {
    wall: { median: 2, min: 1, max: 3 },
    cpu: { median: 2, min: 1, max: 3 },
    rounds,
  });
  t.end();
});

test('the shortest time is the highest rate', (t) => {
  t.strictSame(rateOf({ median: 200, min: 100, max: 500 }), { median: 5, min: 2, max: 10 });
  t.end();
});

test('ratios are of the same rounds', (t) => {
  t.strictSame(ratiosOf([2, 6, 20], [1, 2, 5]), { median: 3, min: 2, max: 4 });
  t.strictSame(ratiosOf([2, 6], [1]), { median: 2, min: 2, max: 2 }, 'of those that both have');
  t.end();
});

test('all take turns, every other round backwards, and warm up first', async (t) => {
  const order: string[] = [];
  let count = 0;
  const subject = (name: string) => async () => {
    order.push(name);
    return count++;
  };
  const subjects = new Map(['a', 'b', 'c'].map((name) => [name, subject(name)]));
  const measured = await alternate(subjects, 3, 1);
  t.equal(order.join(''), 'cbaabccbaabc');
  t.strictSame(Object.fromEntries(measured), { a: [3, 8, 9], b: [4, 7, 10], c: [5, 6, 11] });
});

test('a round is timed per operation', (t) => {
  const { wall, cpu } = timeRound(1_000, () => {
    const began = performance.now();
    while (performance.now() - began < 5);
  });
  t.ok(wall >= 5_000, 'nanoseconds');
  t.ok(cpu > 0);
  t.end();
});

test('text', (t) => {
  const rows = [
    ['a', 'bcd'],
    ['efg', 'h'],
  ];
  t.equal(textTable(rows), 'a    bcd\nefg    h\n');
  t.equal(textTable(rows, 2), 'a    bcd\nefg  h\n');
  t.equal(range({ median: 2, min: 1.25, max: 3 }, 1), '1.3 to 3.0');
  t.equal(sizeText(16), '16 B');
  t.equal(sizeText(65_536), '64 KiB');
  t.equal(countText(1_000_000), '1,000,000');
  t.end();
});
