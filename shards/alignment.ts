/**
 * Where values stand, so that they are copied fast. The engine copies to and from shared memory word by word if both
 * sides begin at a multiple of 8 bytes, and byte by byte if not, which takes seven times as long. So values of
 * ALIGNED_BYTES and more begin at such a multiple: a record that would not have its value there gets a filler, a
 * dead record of three words, before it. And a caller's bytes that lie elsewhere are brought to a buffer that begins there
 * first, from private memory to private memory, where copies are fast however they lie.
 */
import { ALIGNED_BYTES, MAX_PIECE_BYTES } from './layout.js';

const scratch = new Uint8Array(MAX_PIECE_BYTES);

/** Bytes up to which a loop is cheaper than a call to the built-in copy. */
const LOOP_COPY_BYTES = 16;
/** The same for a part of a larger buffer, of which an object has to be made for the call. */
const LOOP_COPY_RANGE_BYTES = 64;

/** Whether a value of that length is to begin at a multiple of 8 bytes. */
export function isAligned(length: number): boolean {
  return length >= ALIGNED_BYTES;
}

/** Copies `value` from `from` to before `to` into shared memory, from `start` on. At most MAX_PIECE_BYTES. */
export function copyIn(
  shared: Uint8Array<SharedArrayBuffer>,
  start: number,
  value: Uint8Array,
  from: number,
  to: number,
): void {
  const isWhole = from === 0 && to === value.length;
  if (to - from <= (isWhole ? LOOP_COPY_BYTES : LOOP_COPY_RANGE_BYTES)) {
    for (let i = from; i < to; i++) shared[start + i - from] = value[i];
    return;
  }
  const part = isWhole ? value : value.subarray(from, to);
  if (to - from < ALIGNED_BYTES || ((part.byteOffset ^ start) & 7) === 0) {
    shared.set(part, start);
    return;
  }
  scratch.set(part);
  shared.set(scratch.subarray(0, part.length), start);
}

/** Copies `length` bytes of shared memory from `start` on to a place in `target`. At most MAX_PIECE_BYTES. */
export function copyOut(
  shared: Uint8Array<SharedArrayBuffer>,
  start: number,
  length: number,
  target: Uint8Array,
  at: number,
): void {
  if (length <= LOOP_COPY_RANGE_BYTES) {
    for (let i = 0; i < length; i++) target[at + i] = shared[start + i];
    return;
  }
  const part = shared.subarray(start, start + length);
  if (((target.byteOffset + at) ^ start) & 7) {
    scratch.set(part);
    target.set(scratch.subarray(0, length), at);
  } else {
    target.set(part, at);
  }
}
