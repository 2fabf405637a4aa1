/** The flags of `bench:map`. */
import { test } from 'tap';
import { parseOptions, SECTION_NAMES } from '../../../src/bench/map/options.js';

test('all sections in full, unless told otherwise', (t) => {
  t.strictSame(parseOptions([]), {
    sections: SECTION_NAMES,
    rounds: 7,
    quick: false,
    out: undefined,
    isComplete: true,
  });
  t.equal(parseOptions(['--rounds', '9']).isComplete, true, 'more rounds are complete, too');
  t.end();
});

test('some of them, or fewer rounds: that is not complete', (t) => {
  const some = parseOptions(['--only', 'memory, threads', '--out', 'folder']);
  t.strictSame(some.sections, ['threads', 'memory'], 'in their own order');
  t.equal(some.out, 'folder');
  t.equal(some.isComplete, false);
  t.equal(parseOptions(['--rounds', '6']).isComplete, false);
  t.strictSame(parseOptions(['--only', 'hash', '--only', 'keys']).sections, ['keys'], 'the last flag holds');
  t.end();
});

test('--quick has fewer rounds, and is not complete', (t) => {
  const { rounds, quick, isComplete } = parseOptions(['--quick']);
  t.strictSame({ rounds, quick, isComplete }, { rounds: 3, quick: true, isComplete: false });
  t.equal(parseOptions(['--quick', '--rounds', '5']).rounds, 5);
  t.end();
});

test('what is wrong is said', (t) => {
  const wrong = (message: string, ...flags: string[]) =>
    t.throws(() => parseOptions(flags), { message }, message);
  wrong('--only: there is no "x", only contenders, threads, sizes, keys, hash, memory', '--only', 'hash,x');
  wrong('--rounds: must be a whole number from 1 to 99', '--rounds', '0');
  wrong('--rounds: must be a whole number from 1 to 99', '--rounds', '1.5');
  wrong('--out: must name a folder', '--out', '');
  t.end();
});
