/**
 * Entries in the log: header, key, value, and for some an expiry and a label before the key. An entry is written once, before it is published, and never moved in
 * place; only its stamp (by readers, and by who stamps old entries anew) and its dead mark (by who unpublished it) change afterwards. Both are hints of
 * one half word each, so a stale or lost store of theirs can cost a better eviction but never a right answer.
 *
 * A label is a number of its owner's: it means nothing here, but that an entry whose label is below 0 is hidden. It is
 * no value to anybody who reads values, and takes the key's place all the same.
 */

import { copyIn, copyOut } from './alignment.js';
import type { KeyBuffer } from './key-buffer.js';
import {
  ENTRY_HEADER_WORDS,
  EXPIRY_WORDS,
  FILLER_WORDS,
  FLAG_DEAD,
  FLAG_EXPIRES,
  FLAG_FRAGMENT,
  FLAG_FRAGMENTED,
  FLAG_LABELLED,
  FRAGMENT_HASH,
  FRAGMENT_HEADER_WORDS,
  KEY_LENGTH_MASK,
  LABEL_WORDS,
  type Layout,
  WORD_BYTES,
} from './layout.js';
import type { ShardView } from './shard-view.js';
import { isOfTick, nextStamp } from './stamp.js';

/** Of an entry that never expires. */
export const NEVER = 0;

/** Of an entry that has no label. */
export const NO_LABEL = 0;

/**
 * Words of an entry before its key. With branches: the processor foresees them, and goes on to the key before it has the
 * header. Computed from the flags, the key would have to wait for them.
 */
function keyOffset(kind: number): number {
  return (
    ENTRY_HEADER_WORDS + (kind & FLAG_EXPIRES ? EXPIRY_WORDS : 0) + (kind & FLAG_LABELLED ? LABEL_WORDS : 0)
  );
}

/**
 * Words of an entry before its value or the list of its fragments.
 *
 * @param flags FLAG_EXPIRES and FLAG_LABELLED count
 */
export function headWords(keyLength: number, flags: number): number {
  return keyOffset(flags) + ((keyLength + 3) >>> 2);
}

/** Fragments that a value of this length lies in. */
export function fragmentCount(layout: Layout, valueLength: number): number {
  return Math.ceil(valueLength / layout.fragmentBytes);
}

/** Words of all the fragments of a value, or of one when `valueLength` is no more than a fragment holds. */
export function fragmentWords(layout: Layout, valueLength: number): number {
  return fragmentCount(layout, valueLength) * FRAGMENT_HEADER_WORDS + ((valueLength + 3) >>> 2);
}

/** Length of key, and flags. */
export function kindOf(view: ShardView, location: number): number {
  return view.halves[(location + 1) << 1];
}

export function keyLengthOf(kind: number): number {
  return kind & KEY_LENGTH_MASK;
}

export function valueLengthOf(view: ShardView, location: number): number {
  return view.words[location];
}

/** Word index of an entry's key. */
export function keyStart(location: number, kind: number): number {
  return location + keyOffset(kind);
}

/** Word index of an entry's value, or of the list of its fragments. */
export function valueStart(location: number, kind: number): number {
  return keyStart(location, kind) + ((keyLengthOf(kind) + 3) >>> 2);
}

/** Words that the record at a location takes in the log, whatever its kind. */
export function recordWords(view: ShardView, location: number, kind: number): number {
  const length = valueLengthOf(view, location);
  if (kind & FLAG_FRAGMENT) return FRAGMENT_HEADER_WORDS + ((length + 3) >>> 2);
  const head = valueStart(location, kind) - location;
  if (kind & FLAG_FRAGMENTED) return head + fragmentCount(view.layout, length);
  return head + ((length + 3) >>> 2);
}

/** When an entry expires, in milliseconds since the epoch; NEVER if it does not. */
export function expiryOf(view: ShardView, location: number, kind: number): number {
  if (!(kind & FLAG_EXPIRES)) return NEVER;
  const { words } = view;
  const at = location + ENTRY_HEADER_WORDS;
  return (words[at] >>> 0) + words[at + 1] * 2 ** 32;
}

/** Whether an entry is past its time to live. */
export function isExpired(view: ShardView, location: number, kind: number): boolean {
  return (kind & FLAG_EXPIRES) !== 0 && expiryOf(view, location, kind) <= Date.now();
}

/** The label of an entry: a signed number of 32 bits, NO_LABEL if it has none. */
export function labelOf(view: ShardView, location: number, kind: number): number {
  return kind & FLAG_LABELLED ? view.words[keyStart(location, kind) - LABEL_WORDS] : NO_LABEL;
}

/** Whether an entry is no value to those who read values. */
export function isHidden(view: ShardView, location: number, kind: number): boolean {
  return (kind & FLAG_LABELLED) !== 0 && isHiddenLabel(labelOf(view, location, kind));
}

export function isHiddenLabel(label: number): boolean {
  return label < 0;
}

/** Whether readers of values may have an entry: it has neither expired nor is it hidden. */
export function isValue(view: ShardView, location: number, kind: number): boolean {
  return !isExpired(view, location, kind) && !isHidden(view, location, kind);
}

/** What stands before an entry's value, beside its key. */
export interface HeadContent {
  /** Bytes of the value. */
  readonly length: number;
  /** Milliseconds since the epoch, or NEVER. */
  readonly expiry: number;
  /** A signed number of 32 bits, or NO_LABEL. */
  readonly label: number;
  /** FLAG_BASELINE if the entry is from a data file; FLAG_EXPIRES and FLAG_LABELLED as it has an expiry or a label. */
  readonly flags: number;
}

/**
 * Writes everything of an entry but its value, into space that nobody else can see.
 *
 * @param form FLAG_FRAGMENTED or 0
 * @returns word index at which the value, or the list of fragments, goes
 */
export function writeHead(
  view: ShardView,
  location: number,
  key: KeyBuffer,
  holds: HeadContent,
  form: number,
  stamp: number,
): number {
  const { words, halves } = view;
  const { length } = key;
  const { expiry, label } = holds;
  const keyWords = key.words;
  words[location] = holds.length;
  halves[(location + 1) << 1] = length | holds.flags | form;
  halves[((location + 1) << 1) + 1] = stamp;
  let at = location + ENTRY_HEADER_WORDS;
  if (expiry !== NEVER) {
    words[at] = expiry % 2 ** 32;
    words[at + 1] = Math.floor(expiry / 2 ** 32);
    at += EXPIRY_WORDS;
  }
  if (label !== NO_LABEL) {
    words[at] = label;
    at += LABEL_WORDS;
  }
  const count = (length + 3) >>> 2;
  for (let i = 0; i < count; i++) words[at + i] = keyWords[i];
  return at + count;
}

/** Writes a fragment: a piece of the value of an entry with that hash. */
export function writeFragment(
  view: ShardView,
  location: number,
  hash: number,
  value: Uint8Array,
  from: number,
  to: number,
): void {
  const { words, halves } = view;
  words[location] = to - from;
  halves[(location + 1) << 1] = FLAG_FRAGMENT;
  halves[((location + 1) << 1) + 1] = 0;
  words[location + FRAGMENT_HASH] = hash;
  writeBytes(view, location + FRAGMENT_HEADER_WORDS, value, from, to);
}

/** Copies `value` from `from` to `to` into the log at a word index. */
export function writeBytes(view: ShardView, at: number, value: Uint8Array, from: number, to: number): void {
  copyIn(view.bytes, at << 2, value, from, to);
}

/** A private copy of `length` bytes of the log from a word index on. */
export function copyBytes(view: ShardView, at: number, length: number): Uint8Array<ArrayBuffer> {
  const start = at << 2;
  return view.bytes.slice(start, start + length);
}

/** Copies `length` bytes of the log from a word index on to a place in `target`. */
export function copyBytesInto(
  view: ShardView,
  at: number,
  length: number,
  target: Uint8Array,
  place: number,
): void {
  copyOut(view.bytes, at << 2, length, target, place);
}

/** When an entry was last used and how often: see stamp.ts. */
export function stampOf(view: ShardView, location: number): number {
  return view.halves[((location + 1) << 1) + 1];
}

/** Gives an entry a stamp: one that nobody else has seen, or that is pinned. */
export function setStamp(view: ShardView, location: number, stamp: number): void {
  view.halves[((location + 1) << 1) + 1] = stamp;
}

/** Notes a use. Stores only when the tick has moved on, so hot entries cause no traffic between caches. */
export function touch(view: ShardView, location: number, tick: number): void {
  const { halves } = view;
  const at = ((location + 1) << 1) + 1;
  const stamp = halves[at];
  if (!isOfTick(stamp, tick)) halves[at] = nextStamp(stamp, tick);
}

/** Marks a record as no longer reachable. Only who unpublished it does, once. */
export function markDead(view: ShardView, location: number, kind: number): void {
  view.halves[(location + 1) << 1] = kind | FLAG_DEAD;
}

/**
 * Writes a filler into space that nobody else can see.
 *
 * A record like any other, so that who walks the segment gets past it: an entry without a key, dead from the beginning.
 */
export function writeFiller(view: ShardView, location: number): void {
  const { words, halves } = view;
  words[location] = (FILLER_WORDS - ENTRY_HEADER_WORDS) * WORD_BYTES;
  halves[(location + 1) << 1] = FLAG_DEAD;
  halves[((location + 1) << 1) + 1] = 0;
}
