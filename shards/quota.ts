/**
 * `maxKeys`: a place for each key, counted over all shards and threads, for one whose entry is hidden as well. A place is taken before a key becomes
 * visible and given back after it became invisible, so there are never more keys than places.
 *
 * CRASH K5: a thread that dies between taking a place and using it has said in its slot that it holds one; who
 *   finds it dead gives the place back. JavaScript is terminated at calls and loops only, so the two stores that
 *   belong together, of the count and of the slot or the index, have neither in between.
 */
import { CONTROL_KEYS } from './layout.js';
import { pause } from './pause.js';
import { placesHeld, recoverDeadThreads, type ThreadSlot } from './thread-slot.js';

/** Milliseconds between two looks for places that dead threads have held. */
const OWNER_CHECK_INTERVAL = 100;
/** Attempts to evict before the count itself is doubted: it has no way to be wrong that we know of. */
const ATTEMPTS_BEFORE_RECOUNT = 50;
/** Milliseconds between attempts that found nothing to evict: other threads are about to publish their keys. */
const WAIT_INTERVAL = 1;

/** The shards, as the quota needs them. */
export interface QuotaShards {
  /** Evicts the key that deserves it most, of a sample over all shards. False when it found none. */
  evictOne(): boolean;
  /** Makes segments that dead threads have left usable again: their keys could not be evicted. */
  recover(): void;
  /** Entries that are really there, hidden ones included: each has a place. */
  countEntries(): number;
}

export class Quota {
  /** Whether keys are counted at all. */
  readonly isLimited: boolean;
  readonly #thread: ThreadSlot;
  readonly #threadSlots: number;
  readonly #maxKeys: number;
  readonly #shards: QuotaShards;
  #nextOwnerCheck = 0;

  /** @param maxKeys 0 = no limit */
  constructor(thread: ThreadSlot, threadSlots: number, maxKeys: number, shards: QuotaShards) {
    this.isLimited = maxKeys > 0;
    this.#thread = thread;
    this.#threadSlots = threadSlots;
    this.#maxKeys = maxKeys;
    this.#shards = shards;
  }

  /** Takes a place for a new key; evicts another key when there is none. */
  take(): void {
    if (!this.isLimited) return;
    const { control, placeWord } = this.#thread;
    // Left by a call that threw.
    if (control[placeWord] === 1) return;
    for (let attempts = 0; ; ) {
      const keys = Atomics.load(control, CONTROL_KEYS);
      if (keys < this.#maxKeys) {
        if (Atomics.compareExchange(control, CONTROL_KEYS, keys, keys + 1) === keys) {
          Atomics.store(control, placeWord, 1);
          return;
        }
      } else if (this.#ownersAreDue()) {
        recoverDeadThreads(this.#thread, this.#threadSlots);
      } else if (!this.#shards.evictOne()) {
        if (++attempts % ATTEMPTS_BEFORE_RECOUNT === 0) this.#recount(keys);
        this.#shards.recover();
        pause(WAIT_INTERVAL);
      }
    }
  }

  /** Gives the place back that was taken and not used. */
  giveBack(): void {
    if (!this.isLimited) return;
    const { control, placeWord } = this.#thread;
    Atomics.store(control, placeWord, 0);
    Atomics.sub(control, CONTROL_KEYS, 1);
  }

  #recount(seen: number): void {
    const { control } = this.#thread;
    // Places first: one that becomes a key meanwhile counts twice, rather than not at all.
    const places = placesHeld(control, this.#threadSlots);
    const counted = Math.min(seen, places + this.#shards.countEntries());
    Atomics.compareExchange(control, CONTROL_KEYS, seen, counted);
  }

  #ownersAreDue(): boolean {
    const now = performance.now();
    if (now < this.#nextOwnerCheck) return false;
    this.#nextOwnerCheck = now + OWNER_CHECK_INTERVAL;
    return true;
  }
}
