/**
 * Evicts single keys, for `maxKeys`: the least recently used of a sample that a hand, going round all segments of
 * all shards, takes up.
 */
import { countKeys, slotOf } from './bucket.js';
import { isExpired, keyLengthOf, keyStart, kindOf, stampOf } from './entry.js';
import { ageInTicks, EVICTION_SAMPLE } from './eviction.js';
import { type HashSecrets, hashWords } from './hash.js';
import { CONTROL_TICK, FLAG_DEAD, FLAG_FRAGMENT } from './layout.js';
import type { QuotaShards } from './quota.js';
import { ageOf, recoverFromDead } from './segment.js';
import type { Shard } from './shard.js';
import { walk } from './walk.js';

interface Candidate {
  readonly shard: Shard;
  readonly location: number;
  /** Age of the segment it was seen in, which tells its lives apart. */
  readonly segmentAge: number;
  /** Ticks since it was used; Infinity when it has expired. */
  readonly age: number;
}

export class KeyEvictor implements QuotaShards {
  readonly #shards: readonly Shard[];
  readonly #secrets: HashSecrets;
  /** The hand: where the next sample begins. */
  #shard = 0;
  #segment = 0;
  #offset = 0;
  /** Age of the segment when the hand stopped in it: in another of its lives, no record need begin there. */
  #segmentAge = 0;

  constructor(shards: readonly Shard[], secrets: HashSecrets) {
    this.#shards = shards;
    this.#secrets = secrets;
  }

  evictOne(): boolean {
    const sample = this.#sample().sort((a, b) => b.age - a.age);
    return sample.some((candidate) => this.#evict(candidate));
  }

  recover(): void {
    for (const { view } of this.#shards) recoverFromDead(view);
  }

  countKeys(): number {
    // Not their counts: a thread may have died between a key and its count.
    return this.#shards.reduce((sum, { view }) => sum + countKeys(view), 0);
  }

  /** The next EVICTION_SAMPLE entries, or all there are. */
  #sample(): Candidate[] {
    const sample: Candidate[] = [];
    const segments = this.#shards.reduce((sum, { view }) => sum + view.layout.segments, 0);
    // One segment more than there are: the first may have been entered in its middle.
    for (let i = 0; i <= segments && sample.length < EVICTION_SAMPLE; i++) {
      const shard = this.#shards[this.#shard] as Shard;
      const from = { offset: this.#offset, age: this.#segmentAge };
      this.#offset = walk(shard.view, this.#segment, from, (location, kind) => {
        this.#segmentAge = ageOf(shard.view, this.#segment);
        if (!(kind & (FLAG_DEAD | FLAG_FRAGMENT))) sample.push(this.#candidate(shard, location, kind));
        return sample.length < EVICTION_SAMPLE;
      });
      if (this.#offset === 0) this.#turnHand(shard);
    }
    return sample;
  }

  #turnHand(shard: Shard): void {
    this.#segment++;
    if (this.#segment < shard.view.layout.segments) return;
    this.#segment = 0;
    this.#shard = (this.#shard + 1) % this.#shards.length;
  }

  #candidate(shard: Shard, location: number, kind: number): Candidate {
    const { view } = shard;
    const tick = Atomics.load(view.thread.control, CONTROL_TICK);
    const segmentAge = ageOf(view, view.segmentOf(location));
    const age = isExpired(view, location, kind) ? Infinity : ageInTicks(tick, stampOf(view, location));
    return { shard, location, segmentAge, age };
  }

  /** False when the entry is not reachable any more, or not yet. */
  #evict({ shard, location, segmentAge }: Candidate): boolean {
    const { view } = shard;
    const { control, walkPin } = view.thread;
    let done = false;
    Atomics.store(control, walkPin, view.pinFor(location));
    // In the same life of its segment; and if the slot found below still refers to it, it is pinned (ORDER O1).
    if (ageOf(view, view.segmentOf(location)) === segmentAge) {
      const kind = kindOf(view, location);
      const hash = hashWords(this.#secrets, view.words, keyStart(location, kind), keyLengthOf(kind));
      const slot = slotOf(view, hash, location);
      const reason = isExpired(view, location, kind) ? 'expired' : 'evicted';
      done = slot !== 0 && shard.remove(slot, location, reason);
    }
    view.thread.unpinWalk();
    return done;
  }
}
