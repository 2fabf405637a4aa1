/**
 * Where counters that only grow have begun anew, for all workers: `CONFIG RESETSTAT` takes what they are for the new zero.
 * In shared memory; any worker may set it.
 */

/** Counters that a reset concerns, in the order of their words. */
const COUNTERS = ['hits', 'misses', 'expirations', 'evictions', 'connections'] as const;

export type Counts = Readonly<Record<(typeof COUNTERS)[number], number>>;

/** Structured-cloneable: what another thread attaches to. */
export interface CounterBaseHandle {
  readonly buffer: SharedArrayBuffer;
}

export class CounterBase {
  readonly #words: BigInt64Array;

  private constructor(readonly handle: CounterBaseHandle) {
    this.#words = new BigInt64Array(handle.buffer);
  }

  static create(): CounterBase {
    const buffer = new SharedArrayBuffer(COUNTERS.length * BigInt64Array.BYTES_PER_ELEMENT);
    return new CounterBase({ buffer });
  }

  static attach(handle: CounterBaseHandle): CounterBase {
    return new CounterBase(handle);
  }

  /** What has been counted since the last reset. @param counts since the start */
  since(counts: Counts): Counts {
    const entries = COUNTERS.map(
      (name, index) => [name, counts[name] - Number(Atomics.load(this.#words, index))] as const,
    );
    return Object.fromEntries(entries) as Counts;
  }

  /** Lets counters begin from 0. @param counts since the start */
  reset(counts: Counts): void {
    COUNTERS.forEach((name, index) => {
      Atomics.store(this.#words, index, BigInt(counts[name]));
    });
  }
}
