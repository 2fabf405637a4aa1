/**
 * Checks a shard that no thread is writing to against everything that must hold there. For tests: what they find
 * in a shard after threads, terminations and random histories must still be one.
 */
import { bucketOf, isMatch, matchTags } from './bucket.js';
import {
  isHidden,
  keyLengthOf,
  keyStart,
  kindOf,
  labelOf,
  NO_LABEL,
  recordWords,
  valueLengthOf,
  valueStart,
} from './entry.js';
import { fragmentAt } from './fragments.js';
import { type HashSecrets, hashWords } from './hash.js';
import { bytesOfWords } from './key-buffer.js';
import {
  BUCKET_OVERFLOW,
  BUCKET_SLOTS,
  BUCKET_WORDS,
  FLAG_DEAD,
  FLAG_FRAGMENT,
  FLAG_FRAGMENTED,
  FLAG_LABELLED,
  FRAGMENT_HASH,
  SHARD_HIDDEN,
  SHARD_KEYS,
  SLOTS_PER_BUCKET,
} from './layout.js';
import { pause } from './pause.js';
import { deadWords, IN_USE, stateOf, usedWords } from './segment.js';
import type { ShardView } from './shard-view.js';

/** Looks at all shards until nothing is wrong, at most. */
const MOST_LOOKS = 5;
/** Milliseconds between two looks. */
const BETWEEN_LOOKS = 5;

/**
 * What is wrong with the shards of a cache, and stays so: what another thread's sweep for expired entries is in the
 * middle of looks wrong for a moment.
 */
export function lastingErrors(views: readonly ShardView[], secrets: HashSecrets): string[] {
  for (let looks = 1; ; looks++) {
    const errors = views.flatMap((view) =>
      checkShard(view, secrets).map((error) => `shard ${view.shard}: ${error}`),
    );
    if (errors.length === 0 || looks === MOST_LOOKS) return errors;
    pause(BETWEEN_LOOKS);
  }
}

/** What was found wrong, a sentence each; empty when all is well. */
export function checkShard(view: ShardView, secrets: HashSecrets): string[] {
  const wrong: string[] = [];
  const starts = recordStarts(view, wrong);
  const { keys, hidden } = checkIndex(view, secrets, starts, wrong);
  const counted = Atomics.load(view.words, SHARD_KEYS);
  if (counted !== keys) wrong.push(`${keys} keys are reachable, ${counted} are counted`);
  const countedHidden = Atomics.load(view.words, SHARD_HIDDEN);
  if (countedHidden !== hidden) wrong.push(`${hidden} entries are hidden, ${countedHidden} are counted so`);
  return wrong;
}

/** Locations of all records, found by walking every segment in use from its start to its end. */
function recordStarts(view: ShardView, wrong: string[]): Set<number> {
  const starts = new Set<number>();
  for (let segment = 0; segment < view.layout.segments; segment++) {
    if (stateOf(view, segment) !== IN_USE) continue;
    const start = view.segmentStart(segment);
    const end = start + usedWords(view, segment);
    let dead = 0;
    let at = start;
    while (at < end) {
      const kind = kindOf(view, at);
      const size = recordWords(view, at, kind);
      if (kind & FLAG_DEAD) dead += size;
      starts.add(at);
      at += size;
    }
    if (at !== end) wrong.push(`segment ${segment}: its records end at ${at}, its end is ${end}`);
    if (end > start + view.layout.segmentWords) wrong.push(`segment ${segment}: longer than a segment`);
    const counted = deadWords(view, segment);
    if (dead > counted)
      wrong.push(`segment ${segment}: ${dead} words are marked dead, ${counted} are counted`);
  }
  return starts;
}

/** Returns how many keys are reachable, and how many of their entries are hidden. */
function checkIndex(
  view: ShardView,
  secrets: HashSecrets,
  starts: Set<number>,
  wrong: string[],
): { keys: number; hidden: number } {
  const { words } = view;
  const seen = new Set<string>();
  let hidden = 0;
  for (let i = 0; i < view.buckets; i++) {
    const home = view.indexStart + i * BUCKET_WORDS;
    if (words[home] & 0xff) wrong.push(`bucket ${i}: locked by thread ${words[home] & 0xff}`);
    for (let bucket = home; bucket !== 0; bucket = words[bucket + BUCKET_OVERFLOW]) {
      for (let slot = 0; slot < SLOTS_PER_BUCKET; slot++) {
        const location = words[bucket + BUCKET_SLOTS + slot];
        if (location <= 0) continue;
        const where = `bucket ${i}, slot ${slot}, location ${location}`;
        if (!starts.has(location)) {
          wrong.push(`${where}: no record begins there`);
          continue;
        }
        const kind = kindOf(view, location);
        const length = keyLengthOf(kind);
        const hash = hashWords(secrets, words, keyStart(location, kind), length);
        if (kind & (FLAG_DEAD | FLAG_FRAGMENT)) wrong.push(`${where}: dead, or a fragment`);
        if (bucketOf(view, hash) !== home) wrong.push(`${where}: its key belongs to another bucket`);
        if (!isMatch(matchTags(words, bucket, hash & 0xffff), slot)) wrong.push(`${where}: wrong tag`);
        const key = Buffer.from(bytesOfWords(words, keyStart(location, kind), length)).toString('latin1');
        if (seen.has(key)) wrong.push(`${where}: key ${JSON.stringify(key)} stands in the index twice`);
        seen.add(key);
        if (isHidden(view, location, kind)) hidden++;
        if (kind & FLAG_LABELLED && labelOf(view, location, kind) === NO_LABEL) {
          wrong.push(`${where}: room for a label, and none in it`);
        }
        if (kind & FLAG_FRAGMENTED) checkFragments(view, location, hash, starts, where, wrong);
      }
    }
  }
  return { keys: seen.size, hidden };
}

function checkFragments(
  view: ShardView,
  head: number,
  hash: number,
  starts: Set<number>,
  where: string,
  wrong: string[],
): void {
  const { words, layout } = view;
  const list = valueStart(head, kindOf(view, head));
  let left = valueLengthOf(view, head);
  for (let i = 0; left > 0; i++) {
    const fragment = fragmentAt(view, list + i);
    if (!starts.has(fragment)) wrong.push(`${where}: no record begins where fragment ${i} should be`);
    else if (words[fragment + FRAGMENT_HASH] !== hash)
      wrong.push(`${where}: fragment ${i} is another entry's`);
    else if (valueLengthOf(view, fragment) !== Math.min(left, layout.fragmentBytes)) {
      wrong.push(`${where}: fragment ${i} has another length`);
    }
    left -= layout.fragmentBytes;
  }
}
