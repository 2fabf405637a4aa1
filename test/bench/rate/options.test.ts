/** The flags of `bench:rate`. */
import { test } from 'tap';
import { parseOptions } from '../../../src/bench/rate/options.js';

test('all pairs in full, unless told otherwise', (t) => {
  t.match(parseOptions([]), { rates: undefined, rounds: 3, seconds: 5, isComplete: true });
  t.ok(parseOptions([]).sections.includes('guard'));
  const some = parseOptions(['--only', 'guard', '--rates', '2000,500, 500', '--rounds', '4']);
  t.match(some, { sections: ['guard'], rounds: 4, isComplete: false });
  t.strictSame(some.rates, [500, 2_000], 'each once, ascending');
  t.equal(parseOptions(['--rates', '500']).isComplete, false);
  t.end();
});

test('what is wrong is said', (t) => {
  const message = '--rates: "x" must be a whole number of requests per second from 1 to 1000000';
  t.throws(() => parseOptions(['--rates', '500,x']), { message });
  t.throws(() => parseOptions(['--only', 'x']), { message: /^--only: there is no "x", only guard/ });
  t.end();
});
