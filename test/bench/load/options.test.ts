/** The flags of the benchmarks of servers under load. */
import { test } from 'tap';
import { parseOptions as parseCacheRatio } from '../../../src/bench/cache-ratio/options.js';
import { parseOptions } from '../../../src/bench/redis/options.js';

test('all sections in full, unless told otherwise', (t) => {
  const all = { sections: ['compare', 'staleness', 'outage'], quick: false, out: undefined };
  t.strictSame(parseOptions([]), { ...all, rounds: 5, seconds: 3, isComplete: true });
  t.strictSame(parseCacheRatio([]).sections, ['file', 'redis']);
  t.end();
});

test('less of anything is not complete', (t) => {
  const some = parseOptions(['--only', 'outage,compare', '--out', 'folder']);
  t.match(some, { sections: ['compare', 'outage'], out: 'folder', isComplete: false });
  t.match(parseOptions(['--seconds', '2']), { seconds: 2, isComplete: false });
  t.match(parseOptions(['--seconds', '4']), { seconds: 4, isComplete: true });
  t.match(parseOptions(['--rounds', '4']), { rounds: 4, isComplete: false });
  const quick = parseOptions(['--quick']);
  t.match(quick, { rounds: 1, isComplete: false });
  t.ok(quick.seconds < 1);
  t.end();
});

test('what is wrong is said', (t) => {
  const wrong = (message: string, ...flags: string[]) =>
    t.throws(() => parseOptions(flags), { message }, message);
  wrong('--only: there is no "x", only compare, staleness, outage', '--only', 'x');
  wrong('--seconds: must be a whole number from 1 to 99', '--seconds', '0');
  t.end();
});
