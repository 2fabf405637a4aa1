/** Every contender over whole traces, hotshard through its own API. */
import { test } from 'tap';
import { generate } from '../../../src/bench/hitratio/generate.js';
import {
  CONTENDER_NAMES,
  type ContenderName,
  type Mode,
  measure,
} from '../../../src/bench/hitratio/measure.js';
import { byteSizes, valueSizes } from '../../../src/bench/hitratio/sizes.js';
import { type Trace, traceOf } from '../../../src/bench/hitratio/trace.js';

const TRACE = generate('zipf-0.9', 0.05);

function hits(trace: Trace, share: number, contenders: readonly ContenderName[] = CONTENDER_NAMES) {
  const results = measure(trace, { shares: [share], contenders });
  return (mode: Mode, contender: ContenderName) =>
    results.find((result) => result.mode === mode && result.contender === contender)?.hits;
}

test('with room for everything, only first requests are misses', (t) => {
  const found = hits(TRACE, 1);
  for (const name of CONTENDER_NAMES) {
    t.equal(found('entries', name), TRACE.requests.length - TRACE.keys, name);
  }
  t.end();
});

test('with less room, all contenders find less, none more than the optimum', (t) => {
  const found = hits(TRACE, 0.1);
  const most = found('entries', 'optimum') ?? 0;
  t.ok(most < TRACE.requests.length - TRACE.keys);
  for (const name of CONTENDER_NAMES) {
    const count = found('entries', name) ?? 0;
    t.ok(count > 0 && count <= most, `${name}: ${count}`);
  }
  t.end();
});

test('by bytes there is no optimum; in the mode "used" hotshard has the same hits, the others less room', (t) => {
  const found = hits(TRACE, 0.2);
  t.equal(found('memory', 'optimum'), undefined);
  t.equal(found('used', 'hotshard'), found('memory', 'hotshard'));
  t.ok((found('used', 'LRU') ?? 0) < (found('memory', 'LRU') ?? 0));
  t.end();
});

test('without hotshard there is no mode "used"', (t) => {
  const found = hits(TRACE, 0.1, ['LRU']);
  t.ok(found('memory', 'LRU'));
  t.equal(found('used', 'LRU'), undefined);
  t.end();
});

test('sizes at which fewer than 100 keys fit are left out', (t) => {
  const shares = [0.01, 0.1];
  const results = measure(traceOf('small', Array(1_000).keys()), { shares, contenders: ['LRU'] });
  t.strictSame([...new Set(results.map(({ share }) => share))], [0.1]);
  t.end();
});

test('by memory, so are sizes that are less than 64 KiB', (t) => {
  const trace = { ...traceOf('light', Array(1_000).keys()), sizes: new Uint32Array(1_000).fill(60) };
  const modes = (share: number) =>
    measure(trace, { shares: [share], contenders: ['LRU', 'hotshard'] }).map(({ mode }) => mode);
  t.strictSame(modes(0.5), ['entries', 'entries']);
  t.ok(modes(1.1).includes('memory'));
  t.end();
});

test('a value has the size that its trace says, up to 64 KiB, else a made-up one', (t) => {
  const trace = { ...traceOf('sized', [0, 1, 2]), sizes: Uint32Array.of(0, 70_000, 5) };
  t.strictSame(valueSizes(trace), Uint32Array.of(0, 65_536, 5));
  t.strictSame(byteSizes(trace), Uint32Array.of(4, 65_540, 9), 'the key counts too');

  const made = valueSizes(traceOf('unsized', Array(10_000).keys()));
  t.strictSame(valueSizes(traceOf('other', Array(10_000).keys())), made, 'the same for the same key');
  t.ok(made.every((size) => size >= 16 && size <= 4096));
  const mean = made.reduce((sum, size) => sum + size) / made.length;
  t.ok(Math.abs(mean - 736) < 30, `${mean} bytes in the mean`);
  t.end();
});
