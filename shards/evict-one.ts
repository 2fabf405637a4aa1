/**
 * Evicts single keys, for `maxKeys`: expired ones if there are any, otherwise the one with the highest score of those
 * that have been looked at.
 *
 * A hand goes round the buckets of all shards, in which keys lie in random order, and looks at a few entries per
 * eviction. The best of them stay in a pool, so the choice is among the best of hundreds although few are looked at
 * each time: Redis's approximated LRU since version 3. A tiny cache is looked at as a whole, each time.
 */
import { countEntries, pinSlot } from './bucket.js';
import { CandidatePool } from './candidate-pool.js';
import { isExpired, kindOf, setStamp, stampOf } from './entry.js';
import { BUCKET_OVERFLOW, BUCKET_SLOTS, BUCKET_WORDS, TICK_BITS } from './layout.js';
import type { QuotaShards } from './quota.js';
import { EXACT_KEYS, type Recency } from './recency.js';
import { recoverFromDead } from './segment.js';
import type { Shard } from './shard.js';
import type { ShardView } from './shard-view.js';
import { ageOfStamp, stampOfAge } from './stamp.js';

/** Entries looked at per eviction. */
const SAMPLE = 16;
/** Entries that the pool holds: all of those of a tiny cache. */
const POOL = EXACT_KEYS;
/**
 * Ticks: of the entries that are so old, or older, the youngest is made just so old, and each other one a tick older than
 * the one before it.
 */
const OLD = 2 ** (TICK_BITS - 1);

/** Where an entry is, and the stamp that it was seen with. */
interface StampedEntry {
  readonly view: ShardView;
  readonly slot: number;
  readonly stamp: number;
}

export class KeyEvictor implements QuotaShards {
  readonly #shards: readonly Shard[];
  readonly #recency: Recency;
  readonly #sample: number;
  readonly #pool = new CandidatePool(POOL);
  /** The hand: shard and bucket that are looked at next. */
  #shard = 0;
  #bucket = 0;

  /** @param maxKeys 0 = no limit: nobody is evicted here */
  constructor(shards: readonly Shard[], recency: Recency, maxKeys: number) {
    this.#shards = shards;
    this.#sample = maxKeys <= EXACT_KEYS ? EXACT_KEYS : SAMPLE;
    this.#recency = recency;
  }

  evictOne(): boolean {
    for (const { expirySweep } of this.#shards) if (expirySweep.sweepNow() > 0) return true;
    const { clock, weights } = this.#recency;
    weights.refresh();
    this.#pool.rescore(weights, clock.now);
    this.#look();
    while (this.#pool.take()) if (this.#evictTaken()) return true;
    return false;
  }

  /**
   * Makes old entries younger, and leaves them in their order, so that no age comes near to the 2^TICK_BITS ticks after which
   * stamps repeat. For tiny caches: it looks at all entries.
   */
  restamp(): void {
    const entries = this.#shards.flatMap(({ view }) => stampedEntries(view));
    // The tick after the stamps: one that is newer than the tick would look as old as can be.
    const tick = this.#recency.clock.now;
    const old = entries.filter(({ stamp }) => ageOfStamp(stamp, tick) >= OLD);
    old.sort((a, b) => ageOfStamp(a.stamp, tick) - ageOfStamp(b.stamp, tick));
    old.forEach(({ view, slot, stamp }, i) => {
      const location = pinSlot(view, slot);
      if (location !== 0 && stampOf(view, location) === stamp) {
        setStamp(view, location, stampOfAge(stamp, tick, OLD + i));
      }
      view.thread.unpinWalk();
    });
  }

  recover(): void {
    for (const { view } of this.#shards) recoverFromDead(view);
  }

  countEntries(): number {
    return this.#shards.reduce((sum, { view }) => sum + countEntries(view), 0);
  }

  /** Looks at the next entries, or at all there are. */
  #look(): void {
    let looked = 0;
    let turns = 0;
    while (looked < this.#sample && turns <= this.#shards.length) {
      const { view } = this.#shards[this.#shard] as Shard;
      if (this.#bucket < view.buckets) {
        looked += this.#lookAtBucket(view, view.indexStart + this.#bucket++ * BUCKET_WORDS);
      } else {
        this.#bucket = 0;
        this.#shard = (this.#shard + 1) % this.#shards.length;
        turns++;
      }
    }
  }

  /** Offers the entries of a bucket and its overflow buckets to the pool. Returns how many there were. */
  #lookAtBucket(view: ShardView, home: number): number {
    const { words } = view;
    const { clock, weights } = this.#recency;
    let looked = 0;
    for (let bucket = home; bucket !== 0; bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW)) {
      for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
        const location = words[slot];
        if (location <= 0) continue;
        looked++;
        // Not pinned: another entry may be there by now, and any word be seen. `#evictTaken` looks again.
        const stamp = stampOf(view, location);
        const expired = isExpired(view, location, kindOf(view, location));
        // The tick after the stamp, as in `restamp`.
        const score = expired ? Infinity : weights.scoreOf(stamp, clock.now);
        this.#pool.offer(this.#shard, slot, location, stamp, score);
      }
    }
    return looked;
  }

  /** False when the entry was used, moved or removed since it was looked at. */
  #evictTaken(): boolean {
    const { shard: index, slot, location, stamp } = this.#pool;
    const shard = this.#shards[index] as Shard;
    const { view } = shard;
    let evicted = false;
    if (pinSlot(view, slot) === location && stampOf(view, location) === stamp) {
      const reason = isExpired(view, location, kindOf(view, location)) ? 'expired' : 'evicted';
      evicted = shard.remove(slot, location, reason);
    }
    view.thread.unpinWalk();
    return evicted;
  }
}

/** All entries of a shard. */
function stampedEntries(view: ShardView): StampedEntry[] {
  const { words } = view;
  const entries: StampedEntry[] = [];
  for (let i = 0; i < view.buckets; i++) {
    let bucket = view.indexStart + i * BUCKET_WORDS;
    do {
      for (let slot = bucket + BUCKET_SLOTS; slot < bucket + BUCKET_WORDS; slot++) {
        const location = words[slot];
        if (location <= 0) continue;
        // Not pinned: what is seen is looked at again.
        entries.push({ view, slot, stamp: stampOf(view, location) });
      }
      bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW);
    } while (bucket !== 0);
  }
  return entries;
}
