/** One shard as one thread works with it: get, set, delete. Only here do index and log meet. */
import { chain, Finding, find, insert, look, replace } from './bucket.js';
import { isExpired, isHidden, kindOf, setStamp, stampOf } from './entry.js';
import type { Expected } from './expected.js';
import { ExpirySweep } from './expiry.js';
import { stampOfGhost } from './ghost.js';
import type { HashSecrets } from './hash.js';
import type { KeyBuffer } from './key-buffer.js';
import { FLAG_BASELINE, SHARD_HIDDEN, SHARD_KEYS } from './layout.js';
import { Log } from './log.js';
import type { Quota } from './quota.js';
import type { Recency } from './recency.js';
import { Reclaimer } from './reclaim.js';
import { ShardReads } from './shard-reads.js';
import type { ShardView } from './shard-view.js';
import { firstStamp, nextStamp, stampInPlaceOf } from './stamp.js';
import { type Draft, Writer } from './writer.js';

/** What `delete` has removed. */
export type Removed = 'value' | 'hidden' | 'nothing';

/** What became of a write: done; not allowed by its condition; impossible. */
export type WriteOutcome = 'stored' | 'kept' | 'no room';

/**
 * What became of an attempt to publish: done, with a key that was there or a new one; not allowed; more is needed
 * first; or another thread, or this one, has changed the bucket, and the next attempt will do.
 */
export type PublishStep = 'stored' | 'inserted' | 'kept' | 'no overflow bucket' | 'no place' | 'again';

export class Shard extends ShardReads {
  readonly expirySweep: ExpirySweep;
  readonly #log: Log;
  readonly #writer: Writer;
  readonly #reclaimer: Reclaimer;
  readonly #finding = new Finding();
  /** An overflow bucket of this thread's that is not chained to any bucket yet; 0 = none. */
  #spareOverflow = 0;

  constructor(view: ShardView, secrets: HashSecrets, quota: Quota, recency: Recency) {
    super(view, quota, recency);
    this.expirySweep = new ExpirySweep(view, secrets, this);
    this.#log = new Log(view);
    this.#writer = new Writer(view, this.#log);
    this.#reclaimer = new Reclaimer(view, this.#log, secrets, this, recency, this.expirySweep);
  }

  /**
   * Writes an entry. One with FLAG_BASELINE keeps what was not loaded from the data file.
   *
   * @param draft its value at most `maxValueBytes` long
   * @param expected when given, only this entry (or ABSENT) is replaced
   */
  write(key: KeyBuffer, draft: Draft, expected?: Expected): WriteOutcome {
    const tick = this.recency.clock.access();
    for (;;) {
      const location = this.#writer.write(key, draft, firstStamp(tick), this.#reclaimer);
      if (location === 0) return 'no room';
      const outcome = this.#publish(key, location, tick, expected);
      if (outcome !== 'stored') this.bury(location);
      this.#writer.finish();
      if (outcome !== 'no overflow bucket') return outcome;
      this.#spareOverflow = this.#log.overflowBucket(this.#reclaimer);
      if (this.#spareOverflow === 0) return 'no room';
    }
  }

  /** Removes the key's entry, hidden or not: 'nothing' when it is absent, expired, or not the expected one. */
  delete(key: KeyBuffer, expected?: Expected): Removed {
    const { view } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0) return 'nothing';
      if (expected !== undefined && !this.isEntry(location, expected)) return 'nothing';
      const kind = kindOf(view, location);
      const expired = isExpired(view, location, kind);
      const removed = isHidden(view, location, kind) ? 'hidden' : 'value';
      // Fails only when another thread replaced, moved or removed the entry in between.
      if (this.remove(view.foundSlot, location, expired ? 'expired' : 'deleted')) {
        return expired ? 'nothing' : removed;
      }
    }
  }

  /** Makes an entry that was written reachable, if that is allowed. */
  #publish(
    key: KeyBuffer,
    location: number,
    tick: number,
    expected?: Expected,
  ): WriteOutcome | 'no overflow bucket' {
    let hasPlace = false;
    for (;;) {
      const step = this.publishStep(key, location, tick, hasPlace, expected);
      if (step === 'no place') {
        this.quota.take();
        hasPlace = true;
      } else if (step !== 'again') {
        if (hasPlace && step !== 'inserted') this.quota.giveBack();
        return step === 'inserted' ? 'stored' : step;
      }
    }
  }

  /** One attempt to publish. Neither waits nor makes room. @param hasPlace whether the quota allows a new key */
  protected publishStep(
    key: KeyBuffer,
    location: number,
    tick: number,
    hasPlace: boolean,
    expected?: Expected,
  ): PublishStep {
    const { view } = this;
    const { words, thread } = view;
    const finding = this.#finding;
    look(view, key, finding);
    const old = finding.location;
    const kind = kindOf(view, location);
    if (!this.#mayReplace(old, kind, expected)) return 'kept';
    const hidden = isHidden(view, location, kind) ? 1 : 0;
    if (old !== 0) {
      const wasHidden = isHidden(view, old, kindOf(view, old)) ? 1 : 0;
      // A hidden entry announces what replaces it, as a lease does a value: both together are one use.
      setStamp(view, location, stampInPlaceOf(stampOf(view, old), tick, wasHidden === 0));
      if (!replace(view, finding.slot, old, location)) return 'again';
      // CRASH K5: no call between the exchange and this.
      if (hidden !== wasHidden) Atomics.add(words, SHARD_HIDDEN, hidden - wasHidden);
      this.bury(old);
      return 'stored';
    }
    if (finding.vacant === 0) {
      if (this.#spareOverflow === 0) return 'no overflow bucket';
      if (chain(view, finding, this.#spareOverflow)) this.#spareOverflow = 0;
      return 'again';
    }
    if (!hasPlace) return 'no place';
    const { ghost } = finding;
    setStamp(view, location, ghost === 0 ? firstStamp(tick) : nextStamp(stampOfGhost(ghost), tick));
    const { isLimited } = this.quota;
    if (!insert(view, finding, key.hash & 0xffff, location)) return 'again';
    // CRASH K5: no call between the insertion and these.
    Atomics.add(words, SHARD_KEYS, 1);
    if (hidden !== 0) Atomics.add(words, SHARD_HIDDEN, 1);
    if (isLimited) Atomics.store(thread.control, thread.placeWord, 0);
    if (ghost !== 0) this.recency.weights.learn(ghost);
    return 'inserted';
  }

  /** @param kind of the entry that is to be published */
  #mayReplace(old: number, kind: number, expected: Expected | undefined): boolean {
    if (expected !== undefined) return this.isEntry(old, expected);
    if (old === 0 || !(kind & FLAG_BASELINE)) return true;
    const oldKind = kindOf(this.view, old);
    return (oldKind & FLAG_BASELINE) !== 0 || isExpired(this.view, old, oldKind);
  }
}
