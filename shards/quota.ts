/**
 * `maxKeys`: a place for each key, counted over all shards and threads. A place is taken before a key becomes
 * visible and given back after it became invisible, so there are never more keys than places.
 */
import { CONTROL_KEYS } from './layout.js';
import { pause } from './pause.js';
import type { ControlWords } from './thread-slot.js';

/** Attempts to evict before the count itself is doubted: a thread may have died between a place and its key. */
const ATTEMPTS_BEFORE_RECOUNT = 50;
/** Milliseconds between attempts that found nothing to evict: other threads are about to publish their keys. */
const WAIT_INTERVAL = 1;

/** The shards, as the quota needs them. */
export interface QuotaShards {
  /** Evicts the least recently used key of a sample over all shards. False when it found none. */
  evictOne(): boolean;
  /** Makes segments that dead threads have left usable again: their keys could not be evicted. */
  recover(): void;
  /** Keys that are really there. */
  countKeys(): number;
}

export class Quota {
  readonly #control: ControlWords;
  /** 0 = no limit. */
  readonly #maxKeys: number;
  readonly #shards: QuotaShards;

  constructor(control: ControlWords, maxKeys: number, shards: QuotaShards) {
    this.#control = control;
    this.#maxKeys = maxKeys;
    this.#shards = shards;
  }

  /** Takes a place for a new key; evicts another key when there is none. */
  take(): void {
    if (this.#maxKeys === 0) return;
    for (let attempts = 0; ; ) {
      const keys = Atomics.load(this.#control, CONTROL_KEYS);
      if (keys < this.#maxKeys) {
        if (Atomics.compareExchange(this.#control, CONTROL_KEYS, keys, keys + 1) === keys) return;
      } else if (!this.#shards.evictOne()) {
        if (++attempts % ATTEMPTS_BEFORE_RECOUNT === 0) this.#recount(keys);
        this.#shards.recover();
        pause(WAIT_INTERVAL);
      }
    }
  }

  /** Gives a key's place back. */
  giveBack(): void {
    if (this.#maxKeys > 0) Atomics.sub(this.#control, CONTROL_KEYS, 1);
  }

  #recount(seen: number): void {
    Atomics.compareExchange(this.#control, CONTROL_KEYS, seen, Math.min(seen, this.#shards.countKeys()));
  }
}
