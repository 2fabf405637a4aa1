/** One shard as one thread works with it: get, set, delete. Only here do index and log meet. */
import { chain, Finding, find, insert, look, replace, unlockAll } from './bucket.js';
import {
  copyBytesInto,
  expiryOf,
  fragmentWords,
  isExpired,
  isHidden,
  isValue,
  kindOf,
  labelOf,
  markDead,
  NEVER,
  NO_LABEL,
  recordWords,
  setStamp,
  stampOf,
  touch,
  valueLengthOf,
  valueStart,
} from './entry.js';
import { ExpirySweep } from './expiry.js';
import type { EntryFate, Removal } from './fate.js';
import { freezePlace } from './fragments.js';
import { stampOfGhost } from './ghost.js';
import type { HashSecrets } from './hash.js';
import type { KeyBuffer } from './key-buffer.js';
import {
  CONTROL_KEYS,
  FLAG_BASELINE,
  FLAG_FRAGMENTED,
  SHARD_EVICTIONS,
  SHARD_EXPIRATIONS,
  SHARD_HIDDEN,
  SHARD_KEYS,
} from './layout.js';
import { Log } from './log.js';
import type { Quota } from './quota.js';
import type { Recency } from './recency.js';
import { Reclaimer } from './reclaim.js';
import { addDeadWords, ageOf, recoverOwn } from './segment.js';
import type { ShardView } from './shard-view.js';
import { firstStamp, nextStamp, stampInPlaceOf } from './stamp.js';
import { EVICTIONS, EXPIRATIONS } from './thread-slot.js';
import { copyFragmentsInto, copyValue } from './value.js';
import { type Draft, Writer } from './writer.js';

/** An entry as `read` found it, a value or hidden: what a conditional write expects to find again. */
export interface LabelledEntry {
  /** With the segment's age, different in each of its lives: no other entry of any time has the same pair. */
  readonly location: number;
  readonly age: number;
  /** Private to the caller. */
  readonly value: Uint8Array<ArrayBuffer>;
  /** Milliseconds since the epoch, or NEVER. */
  readonly expiry: number;
  /** A signed number of 32 bits; below 0: the entry is hidden. 0: it has none. */
  readonly label: number;
}

/** What a conditional write expects when `read` found nothing. */
export const ABSENT = 'absent';
export type Expected = LabelledEntry | typeof ABSENT;

/** What `delete` has removed. */
export type Removed = 'value' | 'hidden' | 'nothing';

/** What became of a write: done; not allowed by its condition; impossible. */
export type WriteOutcome = 'stored' | 'kept' | 'no room';

/**
 * What became of an attempt to publish: done, with a key that was there or a new one; not allowed; more is needed
 * first; or another thread, or this one, has changed the bucket, and the next attempt will do.
 */
export type PublishStep = 'stored' | 'inserted' | 'kept' | 'no overflow bucket' | 'no place' | 'again';

export class Shard implements EntryFate {
  readonly view: ShardView;
  readonly expirySweep: ExpirySweep;
  /** Of the value that `getInto` found last. */
  gotLabel = NO_LABEL;
  gotExpiry = NEVER;
  readonly #quota: Quota;
  readonly #recency: Recency;
  readonly #log: Log;
  readonly #writer: Writer;
  readonly #reclaimer: Reclaimer;
  readonly #finding = new Finding();
  /** An overflow bucket of this thread's that is not chained to any bucket yet; 0 = none. */
  #spareOverflow = 0;

  constructor(view: ShardView, secrets: HashSecrets, quota: Quota, recency: Recency) {
    this.view = view;
    this.expirySweep = new ExpirySweep(view, secrets, this);
    this.#quota = quota;
    this.#recency = recency;
    this.#log = new Log(view);
    this.#writer = new Writer(view, this.#log);
    this.#reclaimer = new Reclaimer(view, this.#log, secrets, this, recency, this.expirySweep);
  }

  /** A private copy of the key's value, or undefined. The entry counts as used. */
  get(key: KeyBuffer): Uint8Array<ArrayBuffer> | undefined {
    const { view } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0) return undefined;
      const kind = kindOf(view, location);
      if (isExpired(view, location, kind)) {
        this.remove(view.foundSlot, location, 'expired');
        return undefined;
      }
      if (isHidden(view, location, kind)) return undefined;
      const value = copyValue(view, location, kind);
      // An entry with fragments was replaced or moved while it was read: somebody else made progress.
      if (value === undefined) continue;
      touch(view, location, this.#recency.clock.access());
      return value;
    }
  }

  /**
   * Copies the key's value to `target` from `place` on, if it fits there. The entry counts as used, and `gotLabel` and
   * `gotExpiry` are its own until the next call.
   *
   * @param target private memory
   * @returns length of the value in bytes, whether it fitted or not; -1 when the key is absent
   */
  getInto(key: KeyBuffer, target: Uint8Array, place = 0): number {
    const { view } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0) return -1;
      const kind = kindOf(view, location);
      if (isExpired(view, location, kind)) {
        this.remove(view.foundSlot, location, 'expired');
        return -1;
      }
      if (isHidden(view, location, kind)) return -1;
      const length = valueLengthOf(view, location);
      this.gotLabel = labelOf(view, location, kind);
      this.gotExpiry = expiryOf(view, location, kind);
      if (length > target.length - place) return length;
      const at = valueStart(location, kind);
      if (!(kind & FLAG_FRAGMENTED)) copyBytesInto(view, at, length, target, place);
      else if (!copyFragmentsInto(view, location, at, length, target, place)) continue;
      touch(view, location, this.#recency.clock.access());
      return length;
    }
  }

  /**
   * The key's entry, hidden or not, for a conditional write; undefined when it is absent. It counts as used, so as not
   * to be the next to go.
   */
  read(key: KeyBuffer): LabelledEntry | undefined {
    const entry = this.peek(key);
    if (entry !== undefined) touch(this.view, entry.location, this.#recency.clock.access());
    return entry;
  }

  /** The same without counting as used. */
  peek(key: KeyBuffer): LabelledEntry | undefined {
    const { view } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0) return undefined;
      const kind = kindOf(view, location);
      if (isExpired(view, location, kind)) return undefined;
      const value = copyValue(view, location, kind);
      if (value === undefined) continue;
      const age = ageOf(view, view.segmentOf(location));
      const expiry = expiryOf(view, location, kind);
      return { location, age, value, expiry, label: labelOf(view, location, kind) };
    }
  }

  /** When the key's value expires, in milliseconds since the epoch (NEVER if it does not); undefined when there is none. */
  expiry(key: KeyBuffer): number | undefined {
    const { view } = this;
    const location = find(view, key);
    if (location === 0) return undefined;
    const kind = kindOf(view, location);
    return isValue(view, location, kind) ? expiryOf(view, location, kind) : undefined;
  }

  /**
   * Writes an entry. One with FLAG_BASELINE keeps what was not loaded from the data file.
   *
   * @param draft its value at most `maxValueBytes` long
   * @param expected when given, only this entry (or ABSENT) is replaced
   */
  write(key: KeyBuffer, draft: Draft, expected?: Expected): WriteOutcome {
    const tick = this.#recency.clock.access();
    for (;;) {
      const location = this.#writer.write(key, draft, firstStamp(tick), this.#reclaimer);
      if (location === 0) return 'no room';
      const outcome = this.#publish(key, location, tick, expected);
      if (outcome !== 'stored') this.#bury(location);
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
      if (expected !== undefined && !this.#isEntry(location, expected)) return 'nothing';
      const kind = kindOf(view, location);
      const expired = isExpired(view, location, kind);
      const removed = isHidden(view, location, kind) ? 'hidden' : 'value';
      // Fails only when another thread replaced, moved or removed the entry in between.
      if (this.remove(view.foundSlot, location, expired ? 'expired' : 'deleted')) {
        return expired ? 'nothing' : removed;
      }
    }
  }

  remove(slot: number, location: number, reason: Removal): boolean {
    const { view } = this;
    const { weights } = this.#recency;
    const stamp = stampOf(view, location);
    const left = reason === 'evicted' ? weights.ghostFor(stamp) : 0;
    const hidden = isHidden(view, location, kindOf(view, location));
    const { isLimited } = this.#quota;
    const { words } = view;
    const { control } = view.thread;
    // CRASH K5: no call from here on until the key is counted off. The exchange is `replace`'s.
    if (Atomics.compareExchange(words, slot, location, left) !== location) return false;
    Atomics.sub(words, SHARD_KEYS, 1);
    if (hidden) Atomics.sub(words, SHARD_HIDDEN, 1);
    if (isLimited) Atomics.sub(control, CONTROL_KEYS, 1);
    this.#bury(location);
    if (reason === 'evicted') weights.evicted(stamp, this.entries);
    // The counters are about values: what is hidden was none.
    if (!hidden) this.#countRemoval(reason);
    return true;
  }

  /** Entries in this shard: values, expired ones that nobody has met yet included, and hidden ones. */
  get entries(): number {
    // An entry is counted after it came, and may be gone again by then.
    return Math.max(0, Atomics.load(this.view.words, SHARD_KEYS));
  }

  /** Hidden entries in this shard. */
  get hidden(): number {
    return Math.max(0, Atomics.load(this.view.words, SHARD_HIDDEN));
  }

  /** Keys in this shard that have a value. */
  get keys(): number {
    return Math.max(0, this.entries - this.hidden);
  }

  /** Finishes what a dead thread, or this one with a cache object it has dropped, may have left with its id. */
  takeOver(id: number): void {
    const { view } = this;
    unlockAll(view, id);
    recoverOwn(view);
  }

  #countRemoval(reason: Removal): void {
    const { words, thread } = this.view;
    if (reason === 'expired') {
      thread.count(EXPIRATIONS);
      Atomics.add(words, SHARD_EXPIRATIONS, 1);
    } else if (reason === 'evicted') {
      thread.count(EVICTIONS);
      Atomics.add(words, SHARD_EVICTIONS, 1);
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
        this.#quota.take();
        hasPlace = true;
      } else if (step !== 'again') {
        if (hasPlace && step !== 'inserted') this.#quota.giveBack();
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
      this.#bury(old);
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
    const { isLimited } = this.#quota;
    if (!insert(view, finding, key.hash & 0xffff, location)) return 'again';
    // CRASH K5: no call between the insertion and these.
    Atomics.add(words, SHARD_KEYS, 1);
    if (hidden !== 0) Atomics.add(words, SHARD_HIDDEN, 1);
    if (isLimited) Atomics.store(thread.control, thread.placeWord, 0);
    if (ghost !== 0) this.#recency.weights.learn(ghost);
    return 'inserted';
  }

  /** @param kind of the entry that is to be published */
  #mayReplace(old: number, kind: number, expected: Expected | undefined): boolean {
    if (expected !== undefined) return this.#isEntry(old, expected);
    if (old === 0 || !(kind & FLAG_BASELINE)) return true;
    const oldKind = kindOf(this.view, old);
    return (oldKind & FLAG_BASELINE) !== 0 || isExpired(this.view, old, oldKind);
  }

  /**
   * Whether the entry at a pinned location, or 0, is the expected one; an expired one counts as absent.
   *
   * An entry that was moved meanwhile, perhaps to make room for this very write, is elsewhere and still the same: then
   * what it holds decides. That another entry may hold the same does no harm, as the write depends on nothing else.
   */
  #isEntry(location: number, expected: Expected): boolean {
    const { view } = this;
    if (location === 0) return expected === ABSENT;
    const kind = kindOf(view, location);
    if (isExpired(view, location, kind)) return expected === ABSENT;
    if (expected === ABSENT) return false;
    if (location === expected.location && ageOf(view, view.segmentOf(location)) === expected.age) return true;
    if (expiryOf(view, location, kind) !== expected.expiry) return false;
    if (labelOf(view, location, kind) !== expected.label) return false;
    if (valueLengthOf(view, location) !== expected.value.length) return false;
    const value = copyValue(view, location, kind);
    return value !== undefined && isEqual(value, expected.value);
  }

  /**
   * Counts the words of an entry that is not reachable any more as dead, those of its fragments too.
   *
   * ORDER O9: the slot's exchange, then the count (atomic add), then the mark (plain store). Pairs with the recycler's
   *   plain load of the mark before its look at the pins (O2): a record that is marked has been unpublished.
   * CRASH K6: dying before the count leaves words that are dead and not counted, until their segment is the oldest.
   */
  #bury(location: number): void {
    const { view } = this;
    const kind = kindOf(view, location);
    addDeadWords(view, view.segmentOf(location), recordWords(view, location, kind));
    if (kind & FLAG_FRAGMENTED) this.#buryFragments(location, kind);
    markDead(view, location, kind);
  }

  #buryFragments(location: number, kind: number): void {
    const { view } = this;
    const { fragmentBytes } = view.layout;
    const list = valueStart(location, kind);
    let left = valueLengthOf(view, location);
    for (let i = 0; left > 0; i++) {
      // Frozen, so that nobody moves it any more and leaves a copy that is not counted.
      const fragment = freezePlace(view, list + i);
      addDeadWords(view, view.segmentOf(fragment), fragmentWords(view.layout, Math.min(left, fragmentBytes)));
      left -= fragmentBytes;
    }
  }
}

function isEqual(value: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(value, other) === 0;
}
