/**
 * Section "hash": hash functions for keys, how long they take and how well they spread.
 *
 * hotshard's own (shards/hash.ts) was chosen because nobody who does not know the cache's secrets can provoke its
 * collisions, which none of the others is made for, and because no word waits for the one before. The price is that
 * of keys which differ in a few digits more have the same 32 bits than at random; buckets are filled as at random.
 */
import type { Worker } from 'node:worker_threads';
import { alternate, WARM_UP_ROUNDS } from '../alternate.js';
import { type Spread, spreadOf } from '../spread.js';
import { countText, textTable } from '../text-table.js';
import { expectedCollisions, type Quality } from './hash-quality.js';
import {
  type Form,
  HASH_NAMES,
  type HashName,
  type HashOrder,
  KEY_LENGTHS,
  KEYS,
  type KeyLength,
  PATTERN_NAMES,
  type PatternName,
} from './hash-thread.js';
import { WORD_HASHES } from './hashes.js';
import { ask, endThreads, startThread } from './rounds.js';
import { type Report, roundRows, type Scale } from './section.js';
import { type Round, type Timed, timedOf } from './statistics.js';

export interface SpeedResult extends Timed {
  readonly hash: HashName;
  readonly form: Form;
  /** Of the key, in bytes. */
  readonly length: KeyLength;
}

export interface QualityResult {
  readonly hash: HashName;
  readonly pattern: PatternName;
  /** Over the seeds, where the function takes one. */
  readonly collisions: Spread;
  readonly high: Spread;
  readonly low: Spread;
}

export interface HashResult {
  readonly keys: number;
  /** At random. */
  readonly expectedCollisions: number;
  readonly speed: readonly SpeedResult[];
  readonly quality: readonly QualityResult[];
}

const OPERATIONS_PER_ROUND = 500_000;
const QUALITY_KEYS = 1_000_000;
/** Of hotshard's hash; the others have none. */
const SEEDS = [1, 2, 3, 4, 5] as const;

export async function measureHashes({ rounds, quick }: Scale): Promise<Report<HashResult>> {
  const threads = new Map<HashName, Worker>();
  try {
    for (const hash of HASH_NAMES) {
      threads.set(hash, await startThread(new URL('./hash-thread.js', import.meta.url), { hash }));
    }
    const passes = OPERATIONS_PER_ROUND / KEYS / (quick ? 10 : 1);
    const keys = quick ? QUALITY_KEYS / 10 : QUALITY_KEYS;
    const speed = await measureSpeed(threads, passes, rounds);
    const quality = await measureQuality(threads, keys);
    const result = { keys, expectedCollisions: expectedCollisions(keys), speed, quality };
    return {
      result,
      rows: speed.flatMap(({ hash, form, length, rounds: all }) =>
        roundRows({ hash, form, key_length: length }, all),
      ),
      text: hashText(result),
    };
  } finally {
    await endThreads(threads.values());
  }
}

function formsOf(hash: HashName): readonly Form[] {
  return hash in WORD_HASHES ? ['words', 'bytes'] : ['bytes'];
}

async function measureSpeed(
  threads: ReadonlyMap<HashName, Worker>,
  passes: number,
  rounds: number,
): Promise<SpeedResult[]> {
  const results: SpeedResult[] = [];
  for (const length of KEY_LENGTHS) {
    const subjects = new Map(
      [...threads].flatMap(([hash, thread]) =>
        formsOf(hash).map((form) => {
          const order: HashOrder = { kind: 'speed', form, length, passes };
          return [{ hash, form, length }, () => ask<Round>(thread, order)] as const;
        }),
      ),
    );
    for (const [labels, all] of await alternate(subjects, rounds, WARM_UP_ROUNDS, `hash, ${length} bytes`))
      results.push({ ...labels, ...timedOf(all) });
  }
  return results;
}

async function measureQuality(
  threads: ReadonlyMap<HashName, Worker>,
  keys: number,
): Promise<QualityResult[]> {
  const results: QualityResult[] = [];
  for (const [hash, thread] of threads) {
    if (hash === 'loading') continue;
    for (const pattern of PATTERN_NAMES) {
      const found: Quality[] = [];
      for (const seed of hash === 'hotshard' ? SEEDS : SEEDS.slice(0, 1)) {
        const order: HashOrder = { kind: 'quality', pattern, keys, seed };
        found.push(await ask<Quality>(thread, order));
      }
      const spread = (of: keyof Quality) => spreadOf(found.map((one) => one[of]));
      results.push({
        hash,
        pattern,
        collisions: spread('collisions'),
        high: spread('high'),
        low: spread('low'),
      });
    }
  }
  return results;
}

export function hashText({ keys, expectedCollisions: expected, speed, quality }: HashResult): string {
  const forms = HASH_NAMES.flatMap((hash) => formsOf(hash).map((form) => ({ hash, form })));
  const speedRows = forms.map(({ hash, form }) => [
    hash,
    `from ${form}`,
    ...KEY_LENGTHS.map((length) => {
      const found = speed.find((one) => one.hash === hash && one.form === form && one.length === length);
      return found === undefined ? '-' : `${found.wall.median.toFixed(1)} (${found.wall.min.toFixed(1)})`;
    }),
  ]);
  const most = ({ median, max }: Spread, digits: number) =>
    max === median ? median.toFixed(digits) : `${median.toFixed(digits)} (at most ${max.toFixed(digits)})`;
  const qualityRows = quality.map(({ hash, pattern, collisions, high, low }) => [
    hash,
    pattern,
    most(collisions, 0),
    most(high, 2),
    most(low, 2),
  ]);
  return [
    'Nanoseconds per key: median, and minimum in brackets. "From bytes" includes loading them into words.\n\n',
    textTable([['', '', ...KEY_LENGTHS.map((length) => `${length} bytes`)], ...speedRows], 2),
    `\nOf ${countText(keys)} keys: those with a 32-bit hash that another has (at random ${expected.toFixed(0)}); chi-square of 65,536 buckets\n`,
    `by degrees of freedom (at random 1.00). hotshard's: median over ${SEEDS.length} seeds, and the worst.\n\n`,
    textTable([['', 'keys', 'collisions', 'high bits', 'low bits'], ...qualityRows], 2),
  ].join('');
}
