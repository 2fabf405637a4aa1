/** The generated traces: always the same, and what their names promise. */
import { test } from 'tap';
import { GENERATED_NAMES, generate } from '../../../src/bench/hitratio/generate.js';
import { countHits } from '../../../src/bench/hitratio/measure.js';
import { Lru } from '../../../src/bench/hitratio/policies/lru.js';
import { Sieve } from '../../../src/bench/hitratio/policies/sieve.js';
import { entrySizes } from '../../../src/bench/hitratio/sizes.js';
import { formatTrace, parseTrace } from '../../../src/bench/hitratio/trace.js';

test('each is the same every time, with ids as a trace file has them', (t) => {
  for (const name of GENERATED_NAMES) {
    const trace = generate(name, 0.02);
    t.strictSame(generate(name, 0.02), trace, name);
    t.strictSame(parseTrace(name, formatTrace(trace)), trace);
  }
  t.end();
});

test('a part of one is its beginning', (t) => {
  for (const name of GENERATED_NAMES) {
    const half = generate(name, 0.02).requests;
    t.strictSame(half.subarray(0, half.length / 2), generate(name, 0.01).requests, name);
  }
  t.end();
});

test('the loop is one', (t) => {
  const { requests, keys } = generate('loop');
  t.equal(keys, 10_000);
  t.ok(requests.every((id, i) => id === i % keys));
  t.end();
});

test('recent keys are worth more in "arrivals" than in "zipf-0.9"', (t) => {
  const hits = (name: 'arrivals' | 'zipf-0.9') => {
    const trace = generate(name, 0.2);
    const workload = { requests: trace.requests, sizes: entrySizes(trace) };
    const capacity = Math.round(trace.keys / 20);
    return {
      lru: countHits(new Lru(workload, capacity), trace.requests),
      sieve: countHits(new Sieve(workload, capacity), trace.requests),
    };
  };
  const arrivals = hits('arrivals');
  const zipf = hits('zipf-0.9');
  t.ok(arrivals.lru > arrivals.sieve, 'what is used once more and never again is no loss');
  t.ok(zipf.lru < zipf.sieve, 'what is popular is worth keeping');
  t.end();
});
