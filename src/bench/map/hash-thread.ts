/** The thread of one hash function: how long it takes, how well it spreads. */
import { workerData } from 'node:worker_threads';
import { KEY_SIZE, type Packed, uuids, valuesFor } from './data.js';
import { PATTERNS, type Quality, qualityOf } from './hash-quality.js';
import { fnv1a, loadWords, WORD_HASHES, type WordHash } from './hashes.js';
import { serve, timeRound } from './rounds.js';

/** "loading" hashes nothing: it is what it takes to put a key's bytes into words. */
export const HASH_NAMES = [
  ...(Object.keys(WORD_HASHES) as (keyof typeof WORD_HASHES)[]),
  'FNV-1a',
  'loading',
] as const;
export type HashName = (typeof HASH_NAMES)[number];

/** What is hashed: words that are there already, or bytes, which have to be put into words first. */
export type Form = 'words' | 'bytes';

/** In bytes. */
export const KEY_LENGTHS = [8, 16, 36, 100] as const;
export type KeyLength = (typeof KEY_LENGTHS)[number];

export const PATTERN_NAMES = ['UUIDs', ...(Object.keys(PATTERNS) as (keyof typeof PATTERNS)[])] as const;
export type PatternName = (typeof PATTERN_NAMES)[number];

export type HashOrder =
  | { readonly kind: 'speed'; readonly form: Form; readonly length: KeyLength; readonly passes: number }
  | { readonly kind: 'quality'; readonly pattern: PatternName; readonly keys: number; readonly seed: number };

export interface QualityOf extends Quality {
  readonly keys: number;
}

/** So few that they stay in the processor's caches. */
export const KEYS = 1_000;
const SEED = 12;
const MOST_WORDS = 128;

type ByteHash = (bytes: Uint8Array, start: number, end: number) => number;

/** One function from bytes, and one from words where there is one. */
function functionsOf(name: HashName, seed: number): { readonly bytes: ByteHash; readonly words?: WordHash } {
  if (name === 'FNV-1a') return { bytes: fnv1a };
  const words = new Int32Array(MOST_WORDS);
  if (name === 'loading') {
    return {
      bytes(bytes, start, end) {
        loadWords(words, bytes, start, end);
        return words[0];
      },
    };
  }
  const hash = WORD_HASHES[name](seed);
  return {
    bytes(bytes, start, end) {
      loadWords(words, bytes, start, end);
      return hash(words, 0, end - start);
    },
    words: hash,
  };
}

function run(name: HashName): void {
  const { bytes: hashBytes, words: hashWords } = functionsOf(name, SEED);
  const ids = uuids(KEYS, SEED);
  const packed = new Map<KeyLength, Packed>(KEY_LENGTHS.map((length) => [length, valuesFor(ids, length)]));
  let sink = 0;

  serve((order: HashOrder) => {
    if (order.kind === 'quality') return qualityFor(name, order);
    const { form, length, passes } = order;
    const bytes = packed.get(length)?.bytes ?? new Uint8Array();
    const words = new Int32Array(bytes.buffer);
    return timeRound(passes * KEYS, () => {
      for (let pass = 0; pass < passes; pass++) {
        sink ^=
          form === 'words' && hashWords
            ? overWords(hashWords, words, length)
            : overBytes(hashBytes, bytes, length);
      }
    });
  });
  process.once('exit', () => sink);
}

function overWords(hash: WordHash, words: Int32Array, length: number): number {
  const step = length >>> 2;
  let sum = 0;
  for (let i = 0; i < KEYS; i++) sum ^= hash(words, i * step, length);
  return sum;
}

function overBytes(hash: ByteHash, bytes: Uint8Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < KEYS; i++) sum ^= hash(bytes, i * length, (i + 1) * length);
  return sum;
}

function qualityFor(
  name: HashName,
  { pattern, keys, seed }: Extract<HashOrder, { kind: 'quality' }>,
): Quality {
  const { bytes: hash } = functionsOf(name, seed);
  if (pattern === 'UUIDs') {
    const { bytes } = uuids(keys, SEED);
    return qualityOf(
      Uint32Array.from({ length: keys }, (_, i) => hash(bytes, i * KEY_SIZE, (i + 1) * KEY_SIZE)),
    );
  }
  const text = PATTERNS[pattern];
  const buffer = Buffer.alloc(KEY_SIZE * 4);
  return qualityOf(
    Uint32Array.from({ length: keys }, (_, i) => hash(buffer, 0, buffer.write(text(i), 'latin1'))),
  );
}

// Does nothing when imported for its types in the main thread.
if (workerData !== null) run((workerData as { readonly hash: HashName }).hash);
