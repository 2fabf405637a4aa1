/** Counters of two plain words: exact over their whole range, and readable while one of the words is still old. */
import t from 'tap';
import { Cells, combined } from '../../src/telemetry/cells.js';

function one(): { cell: Cells; buffer: SharedArrayBuffer } {
  const buffer = new SharedArrayBuffer(Cells.bytes(3));
  return { cell: new Cells(buffer), buffer };
}

t.test('what is added is what another thread reads', async (t) => {
  const { cell, buffer } = one();
  const other = new Cells(buffer);
  const amounts = [
    1,
    0,
    41,
    2 ** 30 - 1,
    2 ** 30,
    2 ** 31,
    2 ** 32 + 7,
    60_000_000_000,
    2 ** 40,
    -5,
    -(2 ** 33),
  ];
  let sum = 0;
  for (const amount of amounts) {
    cell.add(1, amount);
    sum += amount;
    t.equal(other.read(1), sum, `after ${amount}`);
  }
  t.strictSame([other.read(0), other.read(2)], [0, 0], 'its neighbours are left alone');
});

t.test('up to 2 to the 53rd, beyond which numbers are not exact', async (t) => {
  const { cell } = one();
  const step = 2 ** 30 - 1;
  let sum = 0;
  for (let i = 0; i < 20; i++) {
    cell.add(0, step);
    sum += step;
    t.equal(cell.read(0), sum);
  }
  cell.add(0, Number.MAX_SAFE_INTEGER - sum);
  t.equal(cell.read(0), Number.MAX_SAFE_INTEGER);
});

t.test('seen with one word old, it is the value before the addition or the one after it', async (t) => {
  const amounts = [1, 1000, 2 ** 30 - 1, -1, -1000, -(2 ** 30 - 1)];
  const starts = [0, 1, 2, 3, 5, 1000].flatMap((high) =>
    [-1000, -2, -1, 0, 1, 2, 1000].map((low) => high * 2 ** 31 + low),
  );
  for (const amount of amounts) {
    for (const before of starts) {
      const after = before + amount;
      if (before < 0 || after < 0) continue;
      t.equal(combined(...wordsOf(before)), before);
      const [oldHigh, oldLow] = wordsOf(before);
      const [newHigh, newLow] = wordsOf(after);
      t.ok([before, after].includes(combined(oldHigh, newLow)), `${before} + ${amount}: low word first`);
      t.ok([before, after].includes(combined(newHigh, oldLow)), `${before} + ${amount}: high word first`);
    }
  }
});

/** As a cell that holds a value has them. */
function wordsOf(value: number): [high: number, low: number] {
  const buffer = new SharedArrayBuffer(Cells.bytes(1));
  new Cells(buffer).add(0, value);
  const [low = Number.NaN, high = Number.NaN] = new Int32Array(buffer);
  return [high, low];
}
