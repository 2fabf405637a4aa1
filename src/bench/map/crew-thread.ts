/** A thread of section "threads": it does operations for as long as it is told, beginning at the same time as others. */
import { workerData } from 'node:worker_threads';
import { accesses, makeData } from './data.js';
import { serve } from './rounds.js';
import { THREAD_CONTENDERS, type ThreadContenderName } from './thread-maps.js';

/** Shares of writes. */
export const MIXES = { get: 0, '80/20': 0.2 } as const;
export type Mix = keyof typeof MIXES;
export const MIX_NAMES = Object.keys(MIXES) as Mix[];

export interface CrewThreadOptions {
  readonly contender: ThreadContenderName;
  readonly shared: unknown;
  /** A word of shared memory; 0 between rounds. */
  readonly barrier: Int32Array;
  readonly keys: number;
  readonly valueSize: number;
  /** Of the accesses: each thread has its own. */
  readonly seed: number;
}

export interface CrewOrder {
  readonly mix: Mix;
  /** That run at the same time. */
  readonly threads: number;
  readonly milliseconds: number;
}

/** What a thread did in a round. */
export interface Share {
  readonly operations: number;
  readonly milliseconds: number;
  /** Depends on all that was found, so that the compiler can't leave reads out. */
  readonly sum: number;
}

const SEQUENCE_LENGTH = 2 ** 19;
/** Operations between two looks at the clock. */
const CHUNK = 256;

function run({ contender, shared, barrier, keys, valueSize, seed }: CrewThreadOptions): void {
  const map = THREAD_CONTENDERS[contender].attach(shared, makeData(keys, valueSize));
  const sequences = {
    get: accesses(keys, SEQUENCE_LENGTH, seed, MIXES.get),
    '80/20': accesses(keys, SEQUENCE_LENGTH, seed, MIXES['80/20']),
  } satisfies Record<Mix, Uint32Array>;
  let at = 0;

  serve(({ mix, threads, milliseconds }: CrewOrder): Share => {
    const sequence = sequences[mix];
    // Spun, not waited, on: nobody has to wake up first. The main thread sleeps meanwhile.
    Atomics.add(barrier, 0, 1);
    while (Atomics.load(barrier, 0) < threads);
    let operations = 0;
    let sum = 0;
    const began = performance.now();
    let now = began;
    for (; now - began < milliseconds; now = performance.now()) {
      sum += map.run(sequence, at, at + CHUNK);
      at = (at + CHUNK) % SEQUENCE_LENGTH;
      operations += CHUNK;
    }
    return { operations, milliseconds: now - began, sum };
  });
}

// Does nothing when imported for its types in the main thread.
if (workerData !== null) run(workerData as CrewThreadOptions);
