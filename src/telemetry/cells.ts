/**
 * Counters of 64 bits in shared memory that cost their writer a nanosecond: two plain 32-bit words each.
 *
 * A cell has one writer at a time. So adding needs no read-modify-write, and plain accesses do: those of 32-bit integers
 * do not tear, which the language does not promise of `Float64Array` and plain `BigInt64Array`; an `Atomics.add` takes ten
 * times as long.
 *
 * The low word is the value modulo 2³², the high word the value divided by 2³¹: both hold bit 31. Plain stores may become
 * visible in any order, so a reader may see one word before an addition and the other after it. Where that matters bit 31
 * differs, and because no addition is larger than {@link MOST_AT_ONCE}, what follows bit 31 in the low word says which of
 * the two words is behind. Only one addition can be half seen: the reader makes sure that the high word stands still.
 *
 * What a reader may miss is what was added last: a plain store is not promised to be visible at once. Two cells are not
 * read at one moment either.
 */

const BYTES = 8;
const HIGH_UNIT = 2 ** 31;
const LOW_MASK = 0x7fff_ffff;
const MOST_AT_ONCE = 2 ** 30 - 1;

/** Cells in a cache line: rows of different writers begin at multiples of it. */
export const CELLS_PER_LINE = 64 / BYTES;

export class Cells {
  readonly #words: Int32Array;

  /** @param first where the cells begin in the buffer, in bytes */
  constructor(buffer: SharedArrayBuffer, first = 0, cells = (buffer.byteLength - first) / BYTES) {
    this.#words = new Int32Array(buffer, first, 2 * cells);
  }

  /** Bytes of so many cells. */
  static bytes(cells: number): number {
    return cells * BYTES;
  }

  /**
   * Adds to a cell; the caller must be its one writer.
   *
   * @param amount whole; negative ones for what goes up and down, which must not fall below 0
   */
  add(cell: number, amount: number): void {
    if (amount > MOST_AT_ONCE || amount < -MOST_AT_ONCE) this.#addInSteps(cell, amount);
    else this.#addAtOnce(cell, amount);
  }

  /** What has been added to a cell, by whatever thread. */
  read(cell: number): number {
    const words = this.#words;
    const at = 2 * cell;
    for (;;) {
      const high = Atomics.load(words, at + 1);
      const low = Atomics.load(words, at);
      // Goes round only when 2³¹ was crossed just now, which takes the writer a while to do again.
      if (Atomics.load(words, at + 1) === high) return combined(high, low);
    }
  }

  // No call and no loop: a thread is not terminated between the two stores.
  #addAtOnce(cell: number, amount: number): void {
    const words = this.#words;
    const at = 2 * cell;
    const before = words[at];
    const after = (before + amount) | 0;
    words[at] = after;
    if ((before ^ after) < 0) words[at + 1] = words[at + 1] + (amount < 0 ? -1 : 1);
  }

  #addInSteps(cell: number, amount: number): void {
    let rest = amount;
    while (rest !== 0) {
      const step = Math.max(-MOST_AT_ONCE, Math.min(rest, MOST_AT_ONCE));
      this.#addAtOnce(cell, step);
      rest -= step;
    }
  }
}

/** The value of two words, one of which may be behind the other by one addition. */
export function combined(high: number, low: number): number {
  const rest = low & LOW_MASK;
  const isApart = (high & 1) !== low >>> 31;
  const behind = rest < HIGH_UNIT / 2 ? 1 : -1;
  return (high + (isApart ? behind : 0)) * HIGH_UNIT + rest;
}
