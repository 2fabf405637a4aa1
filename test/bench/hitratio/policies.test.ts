/** The reference policies, each against what its paper says, worked out by hand on short traces. */
import { test } from 'tap';
import { POLICIES, type PolicyName } from '../../../src/bench/hitratio/policies/index.js';
import { hitsOf, replay } from './replay.js';

const NAMES = Object.keys(POLICIES) as PolicyName[];
/** L. A. Belady, R. A. Nelson, G. S. Shedler, 1969: where FIFO finds less with more room. */
const BELADY = 'abcdabeabcde';

test('every policy keeps everything while there is room, and nothing of a key before its first request', (t) => {
  for (const name of NAMES) t.equal(replay(name, 5, 'abcdeedcbaabcde'), '.....hhhhhhhhhh', name);
  t.end();
});

test('every policy with room for one entry finds what was asked for just before', (t) => {
  for (const name of NAMES) t.equal(replay(name, 1, 'aa'), '.h', name);
  t.end();
});

test('an entry that is larger than the capacity is not kept, and nothing is evicted for it', (t) => {
  for (const name of NAMES.filter((name) => name !== 'optimum')) {
    t.equal(replay(name, 4, 'abXXab', { X: 5 }), '....hh', name);
  }
  t.end();
});

test('FIFO drops what came first, though it was used', (t) => {
  t.equal(replay('FIFO', 2, 'abaca'), '..h..');
  t.equal(hitsOf('FIFO', 3, BELADY), 3);
  t.equal(hitsOf('FIFO', 4, BELADY), 2, 'less with more room');
  t.end();
});

test('FIFO by bytes drops as many as have to go', (t) => {
  t.equal(replay('FIFO', 4, 'abcXcba', { X: 3 }), '....h..');
  t.end();
});

test('LRU drops what was not used for longest', (t) => {
  t.equal(replay('LRU', 2, 'abacab'), '..h.h.');
  t.equal(hitsOf('LRU', 3, BELADY), 2);
  t.equal(hitsOf('LRU', 4, BELADY), 4);
  t.equal(replay('LRU', 3, 'abcdabcd'), '........', 'a loop over one more than fits');
  t.end();
});

test('LRU by bytes drops as many as have to go', (t) => {
  t.equal(replay('LRU', 4, 'abcaXab', { X: 3 }), '...h.h.');
  t.end();
});

test('CLOCK gives what was used a second chance, one however often that was', (t) => {
  t.equal(replay('CLOCK', 2, 'abacab'), '..h.h.');
  // a and b are both marked, so both go round, and a is the first to be met again.
  t.equal(replay('CLOCK', 2, 'abbacba'), '..hh.h.');
  t.equal(replay('LRU', 2, 'abbacba'), '..hh...', 'unlike LRU');
  t.equal(replay('CLOCK', 3, 'abcaaadefa'), '...hhh....', 'spared when d came, evicted by f');
  t.end();
});

test('SIEVE goes on where its hand is; what it spared stays in its place', (t) => {
  t.equal(replay('SIEVE', 3, 'abcadefa'), '...h...h', 'the hand is past a: b, c and d go');
  t.equal(replay('CLOCK', 3, 'abcadefa'), '...h....', 'unlike CLOCK');
  // b goes for d; a was spared then. The hand passes c and d, and comes round to a, now without a mark.
  t.equal(replay('SIEVE', 3, 'abcadcdea'), '...h.hh..');
  t.end();
});

test('S3-FIFO moves to its main queue what was used twice in the small one', (t) => {
  // Ten fit. k makes the small queue give up its oldest.
  t.equal(replay('S3-FIFO', 10, 'aaabcdefghijka'), '.hh..........h', 'a goes to the main queue, b for good');
  t.equal(replay('S3-FIFO', 10, 'aaabcdefghijkb'), '.hh...........');
  t.equal(replay('S3-FIFO', 10, 'aabcdefghijka'), '.h...........', 'once is not enough');
  t.end();
});

test('S3-FIFO takes what comes back soon straight to its main queue', (t) => {
  // a goes for k and is remembered. It comes back, and then outlives more new keys than fit at all.
  t.equal(replay('S3-FIFO', 10, 'abcdefghijkalmnopqrstuvwa'), `${'.'.repeat(24)}h`);
  // Nine are remembered; a is the tenth last that went.
  t.equal(replay('S3-FIFO', 10, 'abcdefghijklmnopqrstaABCDEFGHIJa'), '.'.repeat(32));
  t.end();
});

test('S3-FIFO lets what is used in its main queue go round', (t) => {
  // With k, all ten are promoted, and a is the first to go again: nine fit. With l, k is promoted, and one has to go.
  const promoted = 'aaabbbcccdddeeefffggghhhiiijjj';
  t.equal(replay('S3-FIFO', 10, `${promoted}kkka`).slice(-4), '.hh.');
  t.equal(replay('S3-FIFO', 10, `${promoted}kkklcb`).slice(-6), '.hh.h.', 'the oldest goes');
  t.equal(replay('S3-FIFO', 10, `${promoted}kbkklbc`).slice(-7), '.hhh.h.', 'unless it was used');
  t.end();
});

test('W-TinyLFU keeps what is asked for often from being driven out by what is asked for once', (t) => {
  const popular = 'abcdefghi';
  const scan = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
  t.equal(replay('W-TinyLFU', 10, popular.repeat(3) + scan + popular).slice(-9), 'hhhhhhhhh');
  t.equal(replay('LRU', 10, popular.repeat(3) + scan + popular).slice(-9), '.........', 'unlike LRU');
  t.end();
});

test('W-TinyLFU admits what is asked for more often than what would have to go', (t) => {
  // X is asked for twice in the window, then leaves it for Y: more often than a, once.
  t.equal(replay('W-TinyLFU', 10, 'abcdefghijXXYX').slice(-4), '.h.h');
  t.equal(replay('W-TinyLFU', 10, 'abcdefghijXYX').slice(-3), '...', 'once is not more than once');
  t.end();
});

test('the optimum drops what is asked for again last', (t) => {
  t.equal(replay('optimum', 2, 'abcab'), '...h.', 'b is farther than a');
  t.equal(hitsOf('optimum', 3, BELADY), 5);
  t.equal(hitsOf('optimum', 4, BELADY), 6);
  t.equal(replay('optimum', 3, 'abcdabcd'), '....hh.h', 'of a loop it keeps what fits');
  t.throws(() => replay('optimum', 3, 'ab', { a: 2 }), {
    message: 'the optimum is known for sizes of 1 only',
  });
  t.end();
});
