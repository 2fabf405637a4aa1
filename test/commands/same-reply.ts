/** Compares what hotshard answers with what Redis does. */
import type { Captured } from './capture.js';
import type { Word } from './rig.js';

/** Milliseconds between the clocks of the two sides, on a machine that is busy with something else. */
const TOLERANCE = 5000;

/** Values that Redis computes with more digits than doubles have. */
const DIGITS_IN_COMMON = 12;

/** Whether two replies to a command are the same, as far as they can be. */
export function isSame(words: readonly Word[], ours: Captured, theirs: Captured): boolean {
  const command = String(words[0]).toLowerCase();
  if (command === 'keys') return shown(sorted(ours)) === shown(sorted(theirs));
  if (command === 'scan' && Array.isArray(ours) && Array.isArray(theirs)) {
    return ours[0] === theirs[0] && shown(sorted(ours[1])) === shown(sorted(theirs[1]));
  }
  if (/ttl$|time$/.test(command) && typeof ours === 'number' && typeof theirs === 'number' && ours > 0) {
    return Math.abs(ours - theirs) <= TOLERANCE;
  }
  if (command === 'incrbyfloat' && isNearly(ours, theirs)) return true;
  return shown(ours) === shown(theirs);
}

/** Whether two values are decimals, without an exponent, that begin with the same digits. */
function isNearly(ours: Captured, theirs: Captured): boolean {
  const both = [ours, theirs];
  if (!both.every((value) => typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value))) return false;
  const [one, other] = both.map((value) => Number(value).toPrecision(DIGITS_IN_COMMON));
  return one === other;
}

function sorted(list: Captured): Captured {
  return Array.isArray(list) ? [...list].sort() : list;
}

export function shown(words: readonly Word[] | Captured): string {
  return JSON.stringify(words, (_, value) => {
    if (typeof value === 'bigint') return `${value}n`;
    return value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value;
  });
}
