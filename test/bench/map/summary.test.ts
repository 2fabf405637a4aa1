/** What `bench:map` says of its goals. */
import { test } from 'tap';
import { goalsOf, summaryText } from '../../../src/bench/map/summary.js';
import { contendersOf, memoryOf, threadsOf } from './results-of.js';

/** The goals that begin so, as what was measured and whether that is enough. */
function found(results: Parameters<typeof goalsOf>[0], start: string): unknown[][] {
  return goalsOf(results)
    .filter(({ goal }) => goal.startsWith(start))
    .map(({ measured, reached }) => [measured, reached]);
}

test('one thread, beside lru-cache: less CPU time', (t) => {
  const results = contendersOf({ 'hotshard, string keys': 80, 'lru-cache, ttl': 100 });
  t.strictSame(found(results, 'get: hotshard, string keys, ahead of lru-cache, ttl'), [
    ['1.25 times: 80 ns of CPU against 100', true],
  ]);
  t.strictSame(found(results, 'get: hotshard, string keys, ttl, ahead of'), [
    ['1.00 times: 100 ns of CPU against 100', false],
  ]);
  t.equal(found(results, 'set: hotshard, string keys').length, 2);
  t.end();
});

test('one thread, by itself: millions per second', (t) => {
  const results = contendersOf({ 'hotshard, bytes': 125, 'hotshard, byte objects': 126 });
  t.strictSame(found(results, 'get: hotshard, bytes, at least 8'), [
    ['8.0 million/s, 8.0 by CPU time', true],
  ]);
  t.strictSame(found(results, 'get: hotshard, byte objects'), [['7.9 million/s, 7.9 by CPU time', false]]);
  t.end();
});

test('one thread, beside sharedmap: 8 times', (t) => {
  const lead = (own: number) =>
    found(contendersOf({ 'hotshard, strings': own, sharedmap: 800 }), 'set: hotshard, strings');
  t.strictSame(lead(100), [['8.00 times: 100 ns of CPU against 800', true]]);
  t.strictSame(lead(101), [['7.92 times: 101 ns of CPU against 800', false]]);
  t.end();
});

test('two threads: what they make of one, and beside it what the machine does', (t) => {
  const results = threadsOf({ hotshard: [10, 19], 'hotshard, getInto': [10, 18.9], sharedmap: [1, 2.375] });
  const beside = '(arithmetic that shares nothing 2.00, a Map of its own per thread 2.00)';
  t.strictSame(found(results, '80/20: hotshard, 2 threads'), [[`1.90 times ${beside}`, true]]);
  t.strictSame(found(results, '80/20: hotshard, getInto'), [[`1.89 times ${beside}`, false]]);
  t.strictSame(found(results, 'get: 2 threads of hotshard'), [
    ['8.0 times: 19.00 million/s against 2.38', true],
  ]);
  t.end();
});

test('memory: all of it, and nothing evicted', (t) => {
  t.strictSame(found(memoryOf(90e6, 0), '1,000,000 entries in at most 90.0 MB'), [
    ['1,000,000 found, 0 evictions, 90.0 MB of buffers; the process grew by 91.0 MB', true],
  ]);
  t.match(found(memoryOf(90e6, 1), ''), [[/999,999 found, 1 evictions/, false]]);
  t.match(found(memoryOf(90e6 + 1, 0), ''), [[/./, false]]);
  t.end();
});

test('only of the sections that were run', (t) => {
  t.strictSame(goalsOf({}), []);
  t.equal(goalsOf(memoryOf(90e6, 0)).length, 1);
  t.end();
});

test('as text', (t) => {
  const goals = [
    { goal: 'a', measured: 'b', reached: true },
    { goal: 'c', measured: 'd', reached: false },
  ];
  t.equal(summaryText(goals), 'reached      a\n               b\nnot reached  c\n               d\n');
  t.end();
});
