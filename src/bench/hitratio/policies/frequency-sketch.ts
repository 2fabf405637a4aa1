/**
 * How often each key was asked for of late, estimated in little memory: a count-min sketch of 4-bit counters that are
 * all halved after every so many increments, so that what was popular long ago is forgotten. G. Cormode,
 * S. Muthukrishnan: An improved data stream summary: the count-min sketch and its applications, Journal of Algorithms
 * 55 (1), 2005; the halving is of the TinyLFU paper (see w-tiny-lfu.ts).
 */

const ROWS = 4;
const MAX_COUNT = 15;
/** Increments between halvings, by entries held. */
const SAMPLES_PER_ENTRY = 10;
/** Odd multipliers, one for each row: FNV-1a's, CityHash's, SplitMix64's, Murmur's. */
const MULTIPLIERS = [0x97cb3127, 0xbe98f273, 0x2f90404f, 0x84222325] as const;

export class FrequencySketch {
  /** One counter per byte: it is the counts that matter here, not the memory. */
  readonly #counters: Uint8Array;
  readonly #width: number;
  readonly #sampleSize: number;
  #increments = 0;

  /** @param entries how many the cache holds, about */
  constructor(entries: number) {
    this.#width = 2 ** Math.ceil(Math.log2(Math.max(8, entries * 4)));
    this.#sampleSize = Math.max(1, Math.round(entries)) * SAMPLES_PER_ENTRY;
    this.#counters = new Uint8Array(this.#width * ROWS);
  }

  /** From 0 to 15; never less than it was counted, except by halving. */
  estimate(id: number): number {
    let least = MAX_COUNT;
    for (let row = 0; row < ROWS; row++) least = Math.min(least, this.#counters[this.#index(id, row)]);
    return least;
  }

  increment(id: number): void {
    let isCounted = false;
    for (let row = 0; row < ROWS; row++) {
      const index = this.#index(id, row);
      if (this.#counters[index] === MAX_COUNT) continue;
      this.#counters[index]++;
      isCounted = true;
    }
    if (isCounted && ++this.#increments >= this.#sampleSize) this.#halve();
  }

  #halve(): void {
    for (let i = 0; i < this.#counters.length; i++) this.#counters[i] >>>= 1;
    this.#increments >>>= 1;
  }

  #index(id: number, row: number): number {
    let hash = Math.imul(id + 1, MULTIPLIERS[row]);
    hash = Math.imul(hash ^ (hash >>> 15), 0x735a2d97);
    return row * this.#width + ((hash ^ (hash >>> 13)) & (this.#width - 1));
  }
}
