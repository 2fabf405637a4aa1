/**
 * A lock per shard, for `guard: 'lock'`: the map as it would be without lock-free reads, to measure what they are worth.
 *
 * A mutex of one word over a futex: Ulrich Drepper, "Futexes are tricky" (2011), with the owner's id in the word, so
 * that it is taken over when its owner has died. The map needs no lock to be right: what a dead thread may have left
 * behind under one is what it may leave behind without.
 *
 * LOCK L2: a shard's lock word. Outside L1: a bucket may be waited for and locked under it. Taken once at a time.
 */
import { SHARD_LOCK } from './layout.js';
import { mayBeGone } from './owner.js';
import type { ShardView } from './shard-view.js';
import { identityOfSlot } from './thread-slot.js';

const FREE = 0;
/** Set beside the owner's id when somebody may be waiting. */
const AWAITED = 1 << 8;
const OWNER_MASK = 0xff;

/** Attempts before the waiting thread sleeps. The lock is held for less than a microsecond as a rule. */
const SPINS = 100;
/** Milliseconds of one sleep: a thread that died can't wake anybody. */
const SLEEP = 1;

export class ShardLock {
  readonly #view: ShardView;

  constructor(view: ShardView) {
    this.#view = view;
  }

  /** Waits until this thread has the lock. It may not have it already. */
  acquire(): void {
    const { words, thread } = this.#view;
    for (let i = 0; i < SPINS; i++) {
      if (Atomics.compareExchange(words, SHARD_LOCK, FREE, thread.id) === FREE) return;
    }
    this.#acquireAsleep();
  }

  release(): void {
    const { words } = this.#view;
    if (Atomics.exchange(words, SHARD_LOCK, FREE) & AWAITED) Atomics.notify(words, SHARD_LOCK, 1);
  }

  /** Takes the lock off that this id had in another life. */
  releaseLeft(id: number): void {
    const { words } = this.#view;
    const word = Atomics.load(words, SHARD_LOCK);
    if ((word & OWNER_MASK) === id) Atomics.compareExchange(words, SHARD_LOCK, word, FREE);
  }

  #acquireAsleep(): void {
    const { words, thread } = this.#view;
    const mine = thread.id | AWAITED;
    let seen = Atomics.load(words, SHARD_LOCK);
    let since = performance.now();
    for (;;) {
      const owner = identityOfSlot(thread.control, seen & OWNER_MASK);
      const free = seen === FREE || mayBeGone(owner, performance.now() - since);
      const wanted = free ? mine : seen | AWAITED;
      if (Atomics.compareExchange(words, SHARD_LOCK, seen, wanted) === seen) {
        if (free) return;
        Atomics.wait(words, SHARD_LOCK, wanted, SLEEP);
      }
      const now = Atomics.load(words, SHARD_LOCK);
      if ((now & OWNER_MASK) !== (seen & OWNER_MASK)) since = performance.now();
      seen = now;
    }
  }
}
