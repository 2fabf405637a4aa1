/**
 * The most frequent keys of a stream in fixed memory: Space-Saving (Metwally, Agrawal and El Abbadi, "Efficient
 * Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005). A key that is not among those counted takes the
 * place, and the count, of one that was seen least: so a count may be too large, by as much as is noted with it, and never
 * too small, and a key that was seen more often than the least count is among them.
 */

/** Keys that are counted at a time. */
const CAPACITY = 512;

/** How often a key was seen: at most `count`, at least `count - error`. */
export interface FrequentKey {
  /** One character per byte (latin1). */
  readonly key: string;
  readonly count: number;
  readonly error: number;
}

/** Structured-cloneable. */
export interface FrequentKeysRecord {
  /** Keys seen, each as often as it was. */
  readonly total: number;
  /** How often a key that is not in `keys` was seen at most. */
  readonly least: number;
  readonly keys: readonly FrequentKey[];
}

interface Place {
  key: string;
  count: number;
  error: number;
}

export class FrequentKeys {
  readonly #capacity: number;
  readonly #places: Place[] = [];
  readonly #byKey = new Map<string, Place>();
  #total = 0;
  /** No count is smaller. */
  #least = 1;
  #cursor = 0;

  /** @param capacity at least 1; another one than the default is for tests */
  constructor(capacity: number = CAPACITY) {
    this.#capacity = capacity;
  }

  add(key: string): void {
    this.#total++;
    const counted = this.#byKey.get(key);
    if (counted !== undefined) {
      counted.count++;
    } else if (this.#places.length < this.#capacity) {
      const place = { key, count: 1, error: 0 };
      this.#places.push(place);
      this.#byKey.set(key, place);
    } else {
      const place = this.#leastSeen();
      this.#byKey.delete(place.key);
      place.key = key;
      place.error = place.count++;
      this.#byKey.set(key, place);
    }
  }

  record(): FrequentKeysRecord {
    const isFull = this.#places.length === this.#capacity;
    return {
      total: this.#total,
      least: isFull ? this.#leastSeen().count : 0,
      keys: this.#places.map((place) => ({ ...place })),
    };
  }

  /** Counts only grow, so each is looked at about as often as the least one does: a constant time per key seen. */
  #leastSeen(): Place {
    for (;;) {
      let least = Infinity;
      for (let looks = 0; looks < this.#places.length; looks++) {
        this.#cursor = (this.#cursor + 1) % this.#places.length;
        const place = this.#places[this.#cursor];
        if (place.count === this.#least) return place;
        least = Math.min(least, place.count);
      }
      this.#least = least;
    }
  }
}

/**
 * Several streams as one (Agarwal and others, "Mergeable Summaries", PODS 2012): a key that one of them does not name may
 * have been seen there as often as its least count.
 *
 * @returns the most frequent first
 */
export function merged(records: readonly FrequentKeysRecord[]): FrequentKey[] {
  const leastOfAll = records.reduce((sum, { least }) => sum + least, 0);
  const byKey = new Map<string, { count: number; error: number }>();
  for (const { least, keys } of records) {
    for (const { key, count, error } of keys) {
      const sum = byKey.get(key) ?? { count: leastOfAll, error: leastOfAll };
      byKey.set(key, { count: sum.count + count - least, error: sum.error + error - least });
    }
  }
  return [...byKey]
    .map(([key, { count, error }]) => ({ key, count, error }))
    .sort((one, other) => other.count - one.count || one.error - other.error);
}
