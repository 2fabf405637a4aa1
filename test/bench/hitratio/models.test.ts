/** The policies against naive models, on any traces. */
import fc from 'fast-check';
import { test } from 'tap';
import { FrequencySketch } from '../../../src/bench/hitratio/policies/frequency-sketch.js';
import { POLICIES, type PolicyName } from '../../../src/bench/hitratio/policies/index.js';
import { hitsOf, replay } from './replay.js';

const letters = (alphabet: string, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength: 1, maxLength });

test('LRU does as a list that is searched and cut', (t) => {
  const sizes = { a: 1, b: 2, c: 3, d: 1, e: 5, f: 2, g: 9 };
  fc.assert(
    fc.property(letters('abcdefg', 60), fc.integer({ min: 1, max: 12 }), (requests, capacity) => {
      return replay('LRU', capacity, requests, sizes) === naiveLru(capacity, requests, sizes);
    }),
  );
  t.end();
});

function naiveLru(capacity: number, requests: string, sizes: Readonly<Record<string, number>>): string {
  let held: string[] = [];
  const total = () => held.reduce((sum, letter) => sum + (sizes[letter] ?? 0), 0);
  return Array.from(requests, (letter) => {
    const isHit = held.includes(letter);
    if ((sizes[letter] ?? 0) > capacity) return '.';
    held = [...held.filter((other) => other !== letter), letter];
    while (total() > capacity) held.shift();
    return isHit ? 'h' : '.';
  }).join('');
}

test('the optimum finds as much as the best of all possible choices', (t) => {
  fc.assert(
    fc.property(letters('abcde', 14), fc.integer({ min: 1, max: 4 }), (requests, capacity) => {
      return hitsOf('optimum', capacity, requests) === mostHits(capacity, requests, '');
    }),
  );
  t.end();
});

/** Tries everything that could be evicted, each time. */
function mostHits(capacity: number, requests: string, held: string): number {
  const [next] = requests;
  if (next === undefined) return 0;
  const rest = requests.slice(1);
  if (held.includes(next)) return 1 + mostHits(capacity, rest, held);
  if (held.length < capacity) return mostHits(capacity, rest, held + next);
  return Math.max(...Array.from(held, (victim) => mostHits(capacity, rest, held.replace(victim, '') + next)));
}

test('no policy finds more than the optimum', (t) => {
  const names = Object.keys(POLICIES) as PolicyName[];
  fc.assert(
    fc.property(
      letters('abcdefghijklmnopqrst', 200),
      fc.integer({ min: 1, max: 20 }),
      (requests, capacity) => {
        const most = hitsOf('optimum', capacity, requests);
        return names.every((name) => hitsOf(name, capacity, requests) <= most);
      },
    ),
  );
  t.end();
});

test('the sketch never says less than was counted, up to 15', (t) => {
  const ids = fc.array(fc.nat({ max: 30 }), { maxLength: 200 });
  fc.assert(
    fc.property(ids, (counted) => {
      const sketch = new FrequencySketch(1_000);
      for (const id of counted) sketch.increment(id);
      return counted.every((id) => {
        const count = counted.filter((other) => other === id).length;
        return sketch.estimate(id) >= Math.min(15, count);
      });
    }),
  );
  t.end();
});

test('the sketch halves its counts after ten increments for each entry held', (t) => {
  const sketch = new FrequencySketch(4);
  for (let i = 0; i < 8; i++) sketch.increment(0);
  for (let i = 0; i < 31; i++) sketch.increment(1 + (i % 4));
  t.equal(sketch.estimate(0), 8);
  sketch.increment(1);
  t.equal(sketch.estimate(0), 4);
  t.end();
});
