/**
 * Which keys this thread accesses, reads and writes together: every so many accesses one is noted. It is off until
 * somebody asks for hot keys (hot-keys.ts), and then an access costs a look at one boolean.
 *
 * There is one per thread, as each thread has modules of its own: whoever serves keys has it at hand where they pass by,
 * and no server, lane or command has to carry it there.
 */
import { FrequentKeys, type FrequentKeysRecord } from './frequent-keys.js';

/** Accesses from one that is noted to the next, on average. */
export const MEAN_GAP = 16;

/** Milliseconds after which the older half of what was noted is forgotten: a list tells of one to two of them. */
const WINDOW = 30_000;

/** What one thread has noted. Structured-cloneable. */
export interface Sample {
  /** Milliseconds that it tells of. */
  readonly duration: number;
  readonly windows: readonly FrequentKeysRecord[];
}

export class KeySampler {
  /** To be looked at before each call of `note` and `noteRange`, which is what keeps them cheap while it is off. */
  isOn = false;
  /** Accesses until the next one that is noted. */
  #gap = 0;
  #current = new FrequentKeys();
  #previous: FrequentKeys | undefined;
  #currentSince = 0;
  #since = 0;

  /** Begins to note, from nothing, unless it does already. */
  start(): void {
    if (this.isOn) return;
    this.#current = new FrequentKeys();
    this.#previous = undefined;
    this.#since = performance.now();
    this.#currentSince = this.#since;
    this.#gap = randomGap();
    this.isOn = true;
  }

  /** Notes nothing any more, and forgets. */
  stop(): void {
    this.isOn = false;
    this.#current = new FrequentKeys();
    this.#previous = undefined;
  }

  note(key: string | Uint8Array): void {
    if (--this.#gap > 0) return;
    const bytes = typeof key === 'string' ? Buffer.from(key) : key;
    this.#add(bytes, 0, bytes.byteLength);
  }

  /** @param bytes holds the key from `start` to before `end` */
  noteRange(bytes: Uint8Array, start: number, end: number): void {
    if (--this.#gap > 0) return;
    this.#add(bytes, start, end);
  }

  /** What was noted in the last {@link WINDOW} to twice that, or since `start`. */
  take(): Sample {
    this.#turnWindow();
    return {
      duration: performance.now() - this.#since,
      windows: [this.#current, ...(this.#previous === undefined ? [] : [this.#previous])].map((keys) =>
        keys.record(),
      ),
    };
  }

  #add(bytes: Uint8Array, start: number, end: number): void {
    this.#gap = randomGap();
    this.#turnWindow();
    this.#current.add(Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1'));
  }

  #turnWindow(): void {
    const now = performance.now();
    if (now - this.#currentSince < WINDOW) return;
    // After a long silence both are old.
    const isOld = now - this.#currentSince >= 2 * WINDOW;
    this.#previous = isOld ? undefined : this.#current;
    this.#since = isOld ? now : this.#currentSince;
    this.#current = new FrequentKeys();
    this.#currentSince = now;
  }
}

/** This thread's. */
export const keySampler = new KeySampler();

/** Drawn anew each time: with a fixed gap a load that repeats itself in step with it would show the same keys only. */
function randomGap(): number {
  return 1 + Math.floor(Math.random() * (2 * MEAN_GAP - 1));
}
