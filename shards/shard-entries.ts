/** The entries of a shard as one thread lets them go: unpublished, counted off, their words counted as dead. */
import { unlockAll } from './bucket.js';
import {
  fragmentWords,
  isHidden,
  kindOf,
  markDead,
  recordWords,
  stampOf,
  valueLengthOf,
  valueStart,
} from './entry.js';
import type { EntryFate, Removal } from './fate.js';
import { freezePlace } from './fragments.js';
import {
  CONTROL_KEYS,
  FLAG_FRAGMENTED,
  SHARD_EVICTIONS,
  SHARD_EXPIRATIONS,
  SHARD_HIDDEN,
  SHARD_KEYS,
} from './layout.js';
import type { Quota } from './quota.js';
import type { Recency } from './recency.js';
import { addDeadWords, recoverOwn } from './segment.js';
import type { ShardView } from './shard-view.js';
import { EVICTIONS, EXPIRATIONS } from './thread-slot.js';

export class ShardEntries implements EntryFate {
  readonly view: ShardView;
  protected readonly quota: Quota;
  protected readonly recency: Recency;

  constructor(view: ShardView, quota: Quota, recency: Recency) {
    this.view = view;
    this.quota = quota;
    this.recency = recency;
  }

  remove(slot: number, location: number, reason: Removal): boolean {
    const { view } = this;
    const { weights } = this.recency;
    const stamp = stampOf(view, location);
    const left = reason === 'evicted' ? weights.ghostFor(stamp) : 0;
    const hidden = isHidden(view, location, kindOf(view, location));
    const { isLimited } = this.quota;
    const { words } = view;
    const { control } = view.thread;
    // CRASH K5: no call from here on until the key is counted off. The exchange is `replace`'s.
    if (Atomics.compareExchange(words, slot, location, left) !== location) return false;
    Atomics.sub(words, SHARD_KEYS, 1);
    if (hidden) Atomics.sub(words, SHARD_HIDDEN, 1);
    if (isLimited) Atomics.sub(control, CONTROL_KEYS, 1);
    this.bury(location);
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

  /**
   * Counts the words of an entry that is not reachable any more as dead, those of its fragments too.
   *
   * ORDER O9: the slot's exchange, then the count (atomic add), then the mark (plain store). Pairs with the recycler's
   *   plain load of the mark before its look at the pins (O2): a record that is marked has been unpublished.
   * CRASH K6: dying before the count leaves words that are dead and not counted, until their segment is the oldest.
   */
  protected bury(location: number): void {
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
