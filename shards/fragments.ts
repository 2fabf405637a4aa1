/**
 * Values that lie in fragments: the list in their entry, called the head, is to a fragment what a slot is to an
 * entry. A fragment is moved by exchanging its location in the list; readers check the list as they check a slot.
 *
 * A head that is moved takes a copy of its list along, so the list must not change any more once it is copied:
 * first every location in it is frozen, by setting a bit that readers ignore and that makes an exchange fail. Who
 * meets a frozen head that is still published, because its mover is slow or dead, moves it himself.
 */
import { firstMatch, matchTags, pinSlot } from './bucket.js';
import { fragmentCount, kindOf, valueLengthOf, valueStart } from './entry.js';
import { BUCKET_OVERFLOW, FLAG_FRAGMENTED, FROZEN } from './layout.js';
import type { ShardView } from './shard-view.js';

/** Where a fragment is referred to. */
export interface FragmentPlace {
  /** Word index of the head's slot. */
  readonly slot: number;
  readonly head: number;
  /** Word index in the head's list. */
  readonly place: number;
}

/** The location in a place of a head's list, frozen or not. */
export function fragmentAt(view: ShardView, place: number): number {
  return Atomics.load(view.words, place) & ~FROZEN;
}

/**
 * The place that refers to the fragment at `location`, looked for in the bucket chain that begins at `home`: the
 * head is pinned by the walk pin. Undefined, and nothing pinned, when no published head refers to it.
 */
export function placeOf(
  view: ShardView,
  home: number,
  hash: number,
  location: number,
): FragmentPlace | undefined {
  const { words, thread } = view;
  const tag = hash & 0xffff;
  let bucket = home;
  do {
    for (let matches = matchTags(words, bucket, tag); matches !== 0; matches &= matches - 1) {
      const slot = firstMatch(bucket, matches);
      const head = pinSlot(view, slot);
      const place = head === 0 ? 0 : placeIn(view, head, location);
      if (place !== 0) return { slot, head, place };
    }
    bucket = Atomics.load(words, bucket + BUCKET_OVERFLOW);
  } while (bucket !== 0);
  thread.unpinWalk();
  return undefined;
}

/** Freezes a pinned head's list of fragments, if it has one: no other thread changes it from now on. */
export function freeze(view: ShardView, head: number): void {
  const [from, to] = listOf(view, head);
  for (let place = from; place < to; place++) freezePlace(view, place);
}

/** Freezes one place of a head's list. Returns the location that stays there. */
export function freezePlace(view: ShardView, place: number): number {
  return Atomics.or(view.words, place, FROZEN) & ~FROZEN;
}

/** Takes the frozen marks off the copy of a head that nobody else has seen. */
export function thaw(view: ShardView, copy: number): void {
  const { words } = view;
  const [from, to] = listOf(view, copy);
  for (let place = from; place < to; place++) words[place] &= ~FROZEN;
}

/** Begin and end, in words, of a head's list of fragments; empty when its value is in one piece. */
function listOf(view: ShardView, head: number): [from: number, to: number] {
  const kind = kindOf(view, head);
  const from = valueStart(head, kind);
  const count = kind & FLAG_FRAGMENTED ? fragmentCount(view.layout, valueLengthOf(view, head)) : 0;
  return [from, from + count];
}

function placeIn(view: ShardView, head: number, location: number): number {
  const [from, to] = listOf(view, head);
  for (let place = from; place < to; place++) {
    if (fragmentAt(view, place) === location) return place;
  }
  return 0;
}
