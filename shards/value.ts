/** Reading the value of a pinned entry, whether it stands in one piece or lies in fragments. */
import { copyBytes, copyBytesInto, valueLengthOf, valueStart } from './entry.js';
import { fragmentAt } from './fragments.js';
import { FLAG_FRAGMENTED, FRAGMENT_HEADER_WORDS } from './layout.js';
import type { ShardView } from './shard-view.js';

/** A private copy; undefined when the entry that `find` found last has fragments and was unpublished meanwhile. */
export function copyValue(
  view: ShardView,
  location: number,
  kind: number,
): Uint8Array<ArrayBuffer> | undefined {
  const length = valueLengthOf(view, location);
  const at = valueStart(location, kind);
  if (!(kind & FLAG_FRAGMENTED)) return copyBytes(view, at, length);
  const copy = new Uint8Array(length);
  return copyFragmentsInto(view, location, at, length, copy, 0) ? copy : undefined;
}

/**
 * Copies a value of `length` bytes, whose fragments are in `list`, to `target` from `start` on, where it has room for it.
 * False when its head was unpublished meanwhile: then `target` holds nothing of use.
 */
export function copyFragmentsInto(
  view: ShardView,
  head: number,
  list: number,
  length: number,
  target: Uint8Array,
  start: number,
): boolean {
  const { layout, thread } = view;
  for (let from = 0, place = list; from < length; from += layout.fragmentBytes, place++) {
    const fragment = pinFragment(view, head, place);
    if (fragment === 0) return false;
    const bytes = Math.min(layout.fragmentBytes, length - from);
    copyBytesInto(view, fragment + FRAGMENT_HEADER_WORDS, bytes, target, start + from);
  }
  Atomics.store(thread.control, thread.fragmentPin, 0);
  return true;
}

/**
 * The fragment at a place of the head's list, its segment pinned; 0 when the head is not published any more.
 *
 * ORDER O1 for the fragment's segment: it is emptied only after the head was unpublished or its list refers to
 * another place. The head itself is pinned, so its location in the slot can't be that of another entry.
 */
function pinFragment(view: ShardView, head: number, place: number): number {
  const { words, thread, foundSlot } = view;
  for (;;) {
    const fragment = fragmentAt(view, place);
    Atomics.store(thread.control, thread.fragmentPin, view.pinFor(fragment));
    if (Atomics.load(words, foundSlot) !== head) {
      Atomics.store(thread.control, thread.fragmentPin, 0);
      return 0;
    }
    if (fragmentAt(view, place) === fragment) return fragment;
  }
}
