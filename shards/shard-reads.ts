/**
 * What one thread reads in a shard.
 *
 * Who finds a key expired removes it before saying so. Otherwise a conditional write that has looked at the clock a moment
 * earlier could still put its entry in the place of the expired one, and the key would be back after it was gone; so
 * it would after the clock was set back. If the removal fails, somebody has got ahead: the read begins again.
 */
import { find } from './bucket.js';
import {
  copyBytesInto,
  expiryOf,
  isExpired,
  isHidden,
  kindOf,
  labelOf,
  touch,
  valueLengthOf,
  valueStart,
} from './entry.js';
import { ABSENT, type Expected, Got, type LabelledEntry } from './expected.js';
import type { KeyBuffer } from './key-buffer.js';
import { FLAG_FRAGMENTED } from './layout.js';
import { ageOf } from './segment.js';
import { ShardEntries } from './shard-entries.js';
import { copyFragmentsInto, copyValue } from './value.js';

export class ShardReads extends ShardEntries {
  /** What `getInto` found last. */
  readonly got = new Got();

  /** A private copy of the key's value, or undefined. The entry counts as used. */
  get(key: KeyBuffer): Uint8Array<ArrayBuffer> | undefined {
    const { view } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0) return undefined;
      const kind = kindOf(view, location);
      if (isExpired(view, location, kind)) {
        if (this.remove(view.foundSlot, location, 'expired')) return undefined;
        continue;
      }
      if (isHidden(view, location, kind)) return undefined;
      const value = copyValue(view, location, kind);
      // An entry with fragments was replaced or moved while it was read: somebody else made progress.
      if (value === undefined) continue;
      touch(view, location, this.recency.clock.access());
      return value;
    }
  }

  /**
   * Copies the key's value to `target` from `place` on, if it fits there. The entry counts as used, and is what `got`
   * says until the next call.
   *
   * @param target private memory
   * @returns length of the value in bytes, whether it fitted or not; -1 when the key is absent
   */
  getInto(key: KeyBuffer, target: Uint8Array, place = 0): number {
    const { view, got } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0) return got.nothing(key.hash);
      const kind = kindOf(view, location);
      if (isExpired(view, location, kind)) {
        if (this.remove(view.foundSlot, location, 'expired')) return got.nothing(key.hash);
        continue;
      }
      if (isHidden(view, location, kind)) return got.nothing(key.hash);
      const length = valueLengthOf(view, location);
      got.length = length;
      got.label = labelOf(view, location, kind);
      got.expiry = expiryOf(view, location, kind);
      got.location = location;
      got.age = ageOf(view, view.segmentOf(location));
      got.hash = key.hash;
      got.copiedTo(target, place);
      if (length > target.length - place) return length;
      const at = valueStart(location, kind);
      if (!(kind & FLAG_FRAGMENTED)) copyBytesInto(view, at, length, target, place);
      else if (!copyFragmentsInto(view, location, at, length, target, place)) continue;
      touch(view, location, this.recency.clock.access());
      return length;
    }
  }

  /**
   * The key's entry, hidden or not, for a conditional write; undefined when it is absent. It counts as used, so as not
   * to be the next to go.
   */
  read(key: KeyBuffer): LabelledEntry | undefined {
    const entry = this.peek(key);
    if (entry !== undefined) touch(this.view, entry.location, this.recency.clock.access());
    return entry;
  }

  /** The same without counting as used. */
  peek(key: KeyBuffer): LabelledEntry | undefined {
    const { view } = this;
    for (;;) {
      const location = this.#findUnexpired(key);
      if (location === 0) return undefined;
      const kind = kindOf(view, location);
      const value = copyValue(view, location, kind);
      if (value === undefined) continue;
      const age = ageOf(view, view.segmentOf(location));
      const expiry = expiryOf(view, location, kind);
      return { location, age, value, expiry, label: labelOf(view, location, kind) };
    }
  }

  /** When the key's value expires, in milliseconds since the epoch (NEVER if it does not); -1 when there is none. */
  expiry(key: KeyBuffer): number {
    const { view } = this;
    const location = this.#findUnexpired(key);
    if (location === 0) return -1;
    const kind = kindOf(view, location);
    return isHidden(view, location, kind) ? -1 : expiryOf(view, location, kind);
  }

  /** Length of the key's value in bytes; -1 when there is none. */
  valueLength(key: KeyBuffer): number {
    const { view } = this;
    const location = this.#findUnexpired(key);
    if (location === 0 || isHidden(view, location, kindOf(view, location))) return -1;
    return valueLengthOf(view, location);
  }

  /** Whether the key has a value. It counts as used. */
  touch(key: KeyBuffer): boolean {
    const { view } = this;
    const location = this.#findUnexpired(key);
    if (location === 0 || isHidden(view, location, kindOf(view, location))) return false;
    touch(view, location, this.recency.clock.access());
    return true;
  }

  /** The location of the key's entry, pinned; 0 when it has none that has not expired. */
  #findUnexpired(key: KeyBuffer): number {
    const { view } = this;
    for (;;) {
      const location = find(view, key);
      if (location === 0 || !isExpired(view, location, kindOf(view, location))) return location;
      if (this.remove(view.foundSlot, location, 'expired')) return 0;
    }
  }

  /**
   * Whether the entry at a pinned location, or 0, is the expected one; an expired one counts as absent.
   *
   * An entry that was moved meanwhile, perhaps to make room for this very write, is elsewhere and still the same: then
   * what it holds decides. That another entry may hold the same does no harm, as the write depends on nothing else.
   */
  protected isEntry(location: number, expected: Expected): boolean {
    const { view } = this;
    const kind = location === 0 ? 0 : kindOf(view, location);
    const isAbsent = location === 0 || isExpired(view, location, kind);
    if (expected === ABSENT) return isAbsent;
    if (expected instanceof Got && expected.length < 0) return isAbsent || isHidden(view, location, kind);
    if (isAbsent) return false;
    if (location === expected.location && ageOf(view, view.segmentOf(location)) === expected.age) return true;
    if (expiryOf(view, location, kind) !== expected.expiry) return false;
    if (labelOf(view, location, kind) !== expected.label) return false;
    const { value } = expected;
    if (value === undefined || valueLengthOf(view, location) !== value.length) return false;
    const found = copyValue(view, location, kind);
    return found !== undefined && Buffer.compare(found, value) === 0;
  }
}
