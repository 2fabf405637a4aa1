/** The hash functions of `bench:map` are the ones that they are called, and their quality is counted rightly. */
import { test } from 'tap';
import { expectedCollisions, qualityOf } from '../../../src/bench/map/hash-quality.js';
import {
  fnv1a,
  loadWords,
  murmurHash3,
  polynomial,
  WORD_HASHES,
  type WordHash,
  xxHash32,
} from '../../../src/bench/map/hashes.js';
import { randomNumbers } from '../../../src/bench/zipf.js';

function hashOf(hash: WordHash, text: string): number {
  const bytes = Buffer.from(text);
  const words = new Int32Array(64);
  loadWords(words, bytes, 0, bytes.length);
  return hash(words, 0, bytes.length) >>> 0;
}

test('published test vectors', (t) => {
  const fnv = (text: string) => fnv1a(Buffer.from(text), 0, text.length) >>> 0;
  t.equal(fnv(''), 0x811c9dc5);
  t.equal(fnv('a'), 0xe40c292c);
  t.equal(fnv('foobar'), 0xbf9cf968);
  t.equal(hashOf(murmurHash3, ''), 0);
  t.equal(hashOf(murmurHash3, 'hello'), 0x248bfa47);
  t.equal(hashOf(murmurHash3, 'hello, world'), 0x149bbb7f);
  t.equal(hashOf(murmurHash3, 'The quick brown fox jumps over the lazy dog'), 0x2e4ff723);
  t.equal(hashOf(xxHash32, ''), 0x02cc5d05);
  t.equal(hashOf(xxHash32, 'a'), 0x550d7456);
  t.equal(hashOf(xxHash32, 'abc'), 0x32d153ff);
  t.equal(hashOf(xxHash32, 'Nobody inspects the spammish repetition'), 0xe2293b2f);
  t.end();
});

test('a polynomial of words, from their number of bytes on', (t) => {
  t.equal(polynomial(Int32Array.of(5, 7), 0, 8), (8 * 31 + 5) * 31 + 7);
  t.end();
});

test('bytes are loaded as little-endian words, the last one filled up with zeros', (t) => {
  const words = new Int32Array(3).fill(-1);
  loadWords(words, Uint8Array.of(9, 1, 2, 3, 4, 5, 6, 7), 1, 8);
  t.strictSame([...words], [0x04030201, 0x00070605, -1]);
  t.end();
});

test('where the words lie does not matter, the length of the key does', (t) => {
  for (const [name, make] of Object.entries(WORD_HASHES)) {
    const hash = make(1);
    const key = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    t.equal(hash(Int32Array.of(...key), 0, 34), hash(Int32Array.of(0, 0, ...key), 2, 34), name);
    t.not(
      hash(Int32Array.of(...key), 0, 34),
      hash(Int32Array.of(...key), 0, 36),
      `${name}: the length counts`,
    );
  }
  t.end();
});

test('collisions', (t) => {
  t.equal(qualityOf(Uint32Array.of(1, 2, 1, 1, 3, 2)).collisions, 3);
  t.ok(Math.abs(expectedCollisions(1_000_000) - 116.4) < 0.1);
  t.ok(Math.abs(expectedCollisions(2) - 2 ** -32) < 1e-6);
  t.end();
});

test('chi-square by degrees of freedom', (t) => {
  const random = randomNumbers(1);
  const atRandom = qualityOf(Uint32Array.from({ length: 500_000 }, () => random() * 2 ** 32));
  t.ok(Math.abs(atRandom.high - 1) < 0.05 && Math.abs(atRandom.low - 1) < 0.05, 'at random: about 1');
  const even = qualityOf(Uint32Array.from({ length: 2 ** 17 }, (_, i) => (i % 2 ** 16) * 0x1_0001));
  t.strictSame([even.high, even.low], [0, 0], 'all buckets alike: 0');
  const low = qualityOf(Uint32Array.from({ length: 2 ** 17 }, (_, i) => i % 2 ** 16));
  t.equal(low.low, 0);
  t.ok(low.high > 10_000, 'all in one bucket');
  t.end();
});
