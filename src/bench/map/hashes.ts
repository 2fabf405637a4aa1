/**
 * The hash functions that section "hash" compares, 32 bits each. All but one take a key as hotshard has it: as
 * little-endian words, the last one filled up with zeros. So a tail of one to three bytes is a word like any other to them;
 * MurmurHash3 and xxHash32 still give what they are specified to.
 */
import { hashSecrets, hashWords } from '../../../shards/hash.js';

/** Hashes `length` bytes that lie in `words` from `at` on. */
export type WordHash = (words: Int32Array, at: number, length: number) => number;

/** Those that read words, by name. hotshard's takes secrets, which come from a seed. */
export const WORD_HASHES = {
  hotshard: hotshardHash,
  MurmurHash3: () => murmurHash3,
  xxHash32: () => xxHash32,
  polynomial: () => polynomial,
} as const satisfies Readonly<Record<string, (seed: number) => WordHash>>;

function hotshardHash(seed: number): WordHash {
  const secrets = hashSecrets(seed);
  return (words, at, length) => hashWords(secrets, words, at, length);
}

/** FNV-1a: Fowler, Noll and Vo; draft-eastlake-fnv. Byte by byte: each has to wait for the product of the one before. */
export function fnv1a(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

/** MurmurHash3_x86_32 with seed 0: Austin Appleby, smhasher, public domain. */
export function murmurHash3(words: Int32Array, at: number, length: number): number {
  const whole = at + (length >>> 2);
  let hash = 0;
  for (let i = at; i < whole; i++) {
    hash ^= murmurMixed(words[i]);
    hash = (hash << 13) | (hash >>> 19);
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  }
  if ((length & 3) !== 0) hash ^= murmurMixed(words[whole]);
  hash ^= length;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

function murmurMixed(word: number): number {
  const product = Math.imul(word, 0xcc9e2d51);
  return Math.imul((product << 15) | (product >>> 17), 0x1b873593);
}

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;

/** XXH32 with seed 0: Yann Collet, the specification in xxHash's repository (doc/xxhash_spec.md). */
export function xxHash32(words: Int32Array, at: number, length: number): number {
  const whole = at + (length >>> 2);
  let i = at;
  let hash = PRIME_5;
  if (length >= 16) {
    let a = (PRIME_1 + PRIME_2) | 0;
    let b = PRIME_2 | 0;
    let c = 0;
    let d = -PRIME_1 | 0;
    for (; i + 4 <= whole; i += 4) {
      a = xxRound(a, words[i]);
      b = xxRound(b, words[i + 1]);
      c = xxRound(c, words[i + 2]);
      d = xxRound(d, words[i + 3]);
    }
    hash = (rotated(a, 1) + rotated(b, 7) + rotated(c, 12) + rotated(d, 18)) | 0;
  }
  hash = (hash + length) | 0;
  for (; i < whole; i++) hash = Math.imul(rotated((hash + Math.imul(words[i], PRIME_3)) | 0, 17), PRIME_4);
  for (let rest = 0; rest < (length & 3); rest++) {
    const byte = (words[whole] >>> (8 * rest)) & 0xff;
    hash = Math.imul(rotated((hash + Math.imul(byte, PRIME_5)) | 0, 11), PRIME_1);
  }
  hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
  hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
  return hash ^ (hash >>> 16);
}

function xxRound(sum: number, word: number): number {
  return Math.imul(rotated((sum + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** By 31, as in Kernighan and Ritchie, "The C Programming Language", 6.6, and Java's `String.hashCode`; of words. */
export function polynomial(words: Int32Array, at: number, length: number): number {
  const end = at + ((length + 3) >>> 2);
  let hash = length;
  for (let i = at; i < end; i++) hash = (Math.imul(hash, 31) + words[i]) | 0;
  return hash;
}

/** Puts bytes into words, the way hotshard loads a key. */
export function loadWords(words: Int32Array, bytes: Uint8Array, start: number, end: number): void {
  const whole = (end - start) >>> 2;
  let at = start;
  for (let i = 0; i < whole; i++) {
    words[i] = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
    at += 4;
  }
  if (at < end) {
    let last = bytes[at];
    if (at + 1 < end) last |= bytes[at + 1] << 8;
    if (at + 2 < end) last |= bytes[at + 2] << 16;
    words[whole] = last;
  }
}
