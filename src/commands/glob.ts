/**
 * Patterns of keys as Redis matches them, byte by byte: `*`, `?`, `[a-z]`, `[^a]`, and a backslash before what stands for
 * itself. After a mismatch it goes back to the last star alone: what stood before that star has matched, and any match
 * of the whole has one with the shortest text for the earlier stars. So many stars cost no more than the product of the
 * two lengths.
 */

const STAR = 0x2a;
const ANY = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const NOT = 0x5e;
const ESCAPE = 0x5c;
const DASH = 0x2d;

const MISMATCH = -1;

export class Glob {
  readonly #pattern: Uint8Array;

  constructor(pattern: Uint8Array) {
    this.#pattern = pattern;
  }

  matches(text: Uint8Array): boolean {
    const pattern = this.#pattern;
    let at = 0;
    /** Behind the last star, and where the text that it does not stand for begins. */
    let behindStar = MISMATCH;
    let retry = 0;
    for (let i = 0; i < text.length; ) {
      if (pattern[at] === STAR) {
        behindStar = ++at;
        retry = i;
        continue;
      }
      const next = this.#behind(at, text[i]);
      if (next !== MISMATCH) {
        at = next;
        i++;
      } else if (behindStar !== MISMATCH) {
        at = behindStar;
        i = ++retry;
      } else return false;
    }
    while (pattern[at] === STAR) at++;
    return at === pattern.length;
  }

  /** Where the pattern goes on if what is at `at`, no star, matches the byte. */
  #behind(at: number, byte: number): number {
    const pattern = this.#pattern;
    const { length } = pattern;
    if (at >= length) return MISMATCH;
    if (pattern[at] === ANY) return at + 1;
    if (pattern[at] === OPEN) return this.#behindClass(at + 1, byte);
    const literal = pattern[at] === ESCAPE && at + 1 < length ? at + 1 : at;
    return pattern[literal] === byte ? literal + 1 : MISMATCH;
  }

  /** The same for a class whose first byte is at `at`. One that is not closed ends with the pattern. */
  #behindClass(start: number, byte: number): number {
    const pattern = this.#pattern;
    const { length } = pattern;
    const isInverted = pattern[start] === NOT;
    let isInClass = false;
    let at = isInverted ? start + 1 : start;
    for (; at < length && pattern[at] !== CLOSE; at++) {
      if (pattern[at] === ESCAPE && at + 1 < length) {
        at++;
        if (pattern[at] === byte) isInClass = true;
      } else if (pattern[at + 1] === DASH && at + 2 < length) {
        if (isBetween(byte, pattern[at], pattern[at + 2])) isInClass = true;
        at += 2;
      } else if (pattern[at] === byte) isInClass = true;
    }
    return isInClass === isInverted ? MISMATCH : Math.min(at + 1, length);
  }
}

/** Bytes are compared as C's `char`, which has a sign; the ends may be given in either order. */
function isBetween(byte: number, one: number, other: number): boolean {
  const value = signed(byte);
  return value >= Math.min(signed(one), signed(other)) && value <= Math.max(signed(one), signed(other));
}

function signed(byte: number): number {
  return (byte << 24) >> 24;
}
