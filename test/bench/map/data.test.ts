/** Keys, values and accesses of `bench:map`: the same in every thread, and what they are said to be. */
import { test } from 'tap';
import {
  accesses,
  arraysOf,
  loaderOf,
  makeData,
  memoryFor,
  textsOf,
  WRITE,
} from '../../../src/bench/map/data.js';

const COUNT = 2_000;
const data = makeData(COUNT, 50);
const keys = textsOf(data.keys);

test('keys are UUIDs, all different, the absent ones too', (t) => {
  const all = new Set([...keys, ...textsOf(data.absent)]);
  t.equal(all.size, 2 * COUNT);
  for (const key of all) {
    if (!/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(key)) t.fail(key);
  }
  t.strictSame(textsOf(makeData(COUNT, 50).keys), keys, 'and the same each time');
  t.end();
});

test('values are the key, over and over', (t) => {
  t.strictSame(
    textsOf(data.values),
    keys.map((key) => (key + key).slice(0, 50)),
  );
  t.end();
});

test('as objects, or loaded one after another', (t) => {
  const load = loaderOf(data.keys);
  const arrays = arraysOf(data.keys);
  for (const i of [0, 1, COUNT - 1]) {
    t.equal(Buffer.from(arrays[i]).toString(), keys[i]);
    t.equal(Buffer.from(load(i)).toString(), keys[i]);
  }
  t.equal(load(0), load(1), 'in an array that is used again');
  t.end();
});

test('accesses: the popular keys are the same for every seed, their order is not', (t) => {
  const top = (sequence: Uint32Array) => {
    const counts = new Uint32Array(COUNT);
    for (const access of sequence) counts[access & ~WRITE]++;
    return counts.indexOf(Math.max(...counts));
  };
  const [a, b] = [accesses(COUNT, 50_000, 1), accesses(COUNT, 50_000, 2, 0.2)];
  t.equal(top(a), top(b));
  t.notSame(a.subarray(0, 100), b.subarray(0, 100));
  t.strictSame(accesses(COUNT, 100, 1), a.slice(0, 100));
  const writes = b.filter((access) => access >= WRITE).length / b.length;
  t.ok(Math.abs(writes - 0.2) < 0.01, 'as many writes as wanted');
  t.equal(a.filter((access) => access >= WRITE).length, 0);
  t.end();
});

test('memory is for more than twice the data', (t) => {
  const big = makeData(COUNT, 20_000);
  t.ok(memoryFor(big) > 2 * (COUNT * 20_036));
  t.equal(memoryFor(data), 16 * 1024 * 1024, 'and at least 16 MiB');
  t.end();
});
