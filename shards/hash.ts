/**
 * The hash of a key: 32 bits over whole words, with secret random numbers that are drawn per cache.
 *
 * Each word is added to a secret one, its halves are multiplied, and the products are summed: the NH family of
 * Black, Halevi, Krawczyk, Krovetz and Rogaway, "UMAC: Fast and Secure Message Authentication" (CRYPTO 1999),
 * here of 16-bit halves. Two keys that were chosen without knowledge of the secrets collide with a probability
 * of about 2^-16 at most, so nobody can flood one bucket; and no step waits for the one before. The finaliser,
 * MurmurHash3's, spreads the sum over all bits: the high ones choose shard and bucket, the low ones are the tag.
 */
import { MAX_KEY_BYTES, WORD_BYTES } from './layout.js';

const KEY_WORDS = MAX_KEY_BYTES / WORD_BYTES;

/** The secrets of a cache: one word per word of the longest key, one for the length. */
export type HashSecrets = Int32Array<ArrayBuffer>;

/** Expands a 32-bit seed to secrets, the same in every thread. */
export function hashSecrets(seed: number): HashSecrets {
  const secrets = new Int32Array(KEY_WORDS + 1);
  let state = seed;
  for (let i = 0; i < secrets.length; i++) {
    state = (state + 0x9e3779b9) | 0;
    secrets[i] = finalize(state);
  }
  return secrets;
}

/** Hashes `length` bytes that lie in `words` from `at` on, the last word filled up with zeros. */
export function hashWords(secrets: HashSecrets, words: Int32Array, at: number, length: number): number {
  const count = (length + 3) >>> 2;
  let sum = beginHash(secrets, length);
  for (let i = 0; i < count; i++) sum = hashWord(secrets, sum, words[at + i], i);
  return finalize(sum);
}

function beginHash(secrets: HashSecrets, length: number): number {
  return Math.imul(length, 0x9e3779b1) ^ secrets[KEY_WORDS];
}

function hashWord(secrets: HashSecrets, sum: number, word: number, place: number): number {
  const mixed = (word + secrets[place]) | 0;
  return (sum + Math.imul(mixed & 0xffff, mixed >>> 16)) | 0;
}

/** MurmurHash3's 32-bit finaliser (Austin Appleby, public domain): every bit depends on every other. */
function finalize(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
