/**
 * How one thread tells others that a key they wait for may have changed: a few words in shared memory, each rung for
 * all keys that hash to it. Whoever hears it looks at the map again, so a ring too many costs a look and one that is
 * missed, because its thread has died, a moment.
 */
import type { StoreKey } from './backing-store.js';

const WORDS = 1024;

/** Longest wait for one ring, in milliseconds: a thread that died rings no more. */
const LONGEST_WAIT = 50;

/** Structured-cloneable: what another thread attaches to. */
export interface BellHandle {
  readonly buffer: SharedArrayBuffer;
}

export class Bell {
  readonly #words: Int32Array;

  private constructor(readonly handle: BellHandle) {
    this.#words = new Int32Array(handle.buffer);
  }

  static create(): Bell {
    return new Bell({ buffer: new SharedArrayBuffer(WORDS * 4) });
  }

  static attach(handle: BellHandle): Bell {
    return new Bell(handle);
  }

  /** How often the key's bell has rung: to be read before the look at the map whose outcome is waited on. */
  rings(key: StoreKey): number {
    return Atomics.load(this.#words, wordOf(key));
  }

  ring(key: StoreKey): void {
    const word = wordOf(key);
    Atomics.add(this.#words, word, 1);
    Atomics.notify(this.#words, word);
  }

  /** Resolves when the key's bell has rung more than `rings` times, or after a moment. */
  async heard(key: StoreKey, rings: number): Promise<void> {
    const waiting = Atomics.waitAsync(this.#words, wordOf(key), rings, LONGEST_WAIT);
    if (waiting.async) await waiting.value;
  }
}

/** FNV-1a (Fowler, Noll, Vo) over the key's bytes; keys are chosen by users, but a crowd at one bell only costs looks. */
function wordOf(key: StoreKey): number {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key;
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash & (WORDS - 1);
}
