/** The benchmarks' accesses: repeatable, and distributed as their reports say. */
import { test } from 'tap';
import { zipfSequence } from '../../src/bench/zipf.js';

const KEYS = 1_000;
const LENGTH = 200_000;

function frequencies(sequence: Uint32Array): number[] {
  const counts = new Array<number>(KEYS).fill(0);
  for (const key of sequence) counts[key] = (counts[key] ?? 0) + 1;
  return counts.sort((a, b) => b - a).map((count) => count / sequence.length);
}

test('the same seed gives the same accesses, another one others', (t) => {
  t.strictSame(zipfSequence(KEYS, 100, 0.99, 1), zipfSequence(KEYS, 100, 0.99, 1));
  t.notSame(zipfSequence(KEYS, 100, 0.99, 1), zipfSequence(KEYS, 100, 0.99, 2));
  t.end();
});

test('the key of rank r has a share proportional to 1 / r^exponent', (t) => {
  const exponent = 0.99;
  const sum = Array.from({ length: KEYS }, (_, i) => 1 / (i + 1) ** exponent).reduce((a, b) => a + b);
  const found = frequencies(zipfSequence(KEYS, LENGTH, exponent, 7));
  for (const rank of [1, 2, 3, 10, 50]) {
    const expected = 1 / rank ** exponent / sum;
    const share = found[rank - 1] ?? 0;
    // five standard deviations
    t.ok(
      Math.abs(share - expected) < 5 * Math.sqrt(expected / LENGTH),
      `rank ${rank}: ${share}, ${expected}`,
    );
  }
  t.end();
});

test('with exponent 0 all keys are asked for alike', (t) => {
  const found = frequencies(zipfSequence(KEYS, LENGTH, 0, 7));
  t.ok((found[0] ?? 0) < 2 / KEYS && (found.at(-1) ?? 0) > 0.5 / KEYS);
  t.end();
});
