/**
 * One shard as one thread sees it: its buffer at the three widths it is read in, and where its parts begin.
 * A field of the buffer is always read and written at one width.
 */
import { type Layout, SEGMENT_TABLE_WORDS, SHARD_HEADER_WORDS } from './layout.js';
import { pinOf, type ThreadSlot } from './thread-slot.js';

export class ShardView {
  /** The shard's number, from 0. */
  readonly shard: number;
  readonly layout: Layout;
  readonly thread: ThreadSlot;
  readonly words: Int32Array<SharedArrayBuffer>;
  /** Key length, flags and stamp of entries. */
  readonly halves: Uint16Array<SharedArrayBuffer>;
  /** Values. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly indexStart: number;
  readonly buckets: number;
  /** The number of buckets, divided by that of hashes. */
  readonly bucketsPerHash: number;
  readonly logStart: number;
  readonly segmentShift: number;

  /** Word index of the slot in which the last successful `find` found its key. */
  foundSlot = 0;

  constructor(buffer: SharedArrayBuffer, shard: number, layout: Layout, thread: ThreadSlot) {
    this.shard = shard;
    this.layout = layout;
    this.thread = thread;
    this.words = new Int32Array(buffer);
    this.halves = new Uint16Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.indexStart = layout.indexStart;
    this.buckets = layout.buckets;
    this.bucketsPerHash = layout.buckets / 2 ** 32;
    this.logStart = layout.logStart;
    this.segmentShift = layout.segmentShift;
  }

  /** The segment that a location lies in. */
  segmentOf(location: number): number {
    return (location - this.logStart) >>> this.segmentShift;
  }

  /** Word index of a segment's first word. */
  segmentStart(segment: number): number {
    return this.logStart + (segment << this.segmentShift);
  }

  /** Word index of a segment's row in the segment table. */
  segmentRow(segment: number): number {
    return SHARD_HEADER_WORDS + segment * SEGMENT_TABLE_WORDS;
  }

  /** The word that pins the segment of a location. */
  pinFor(location: number): number {
    return pinOf(this.shard, this.segmentOf(location));
  }
}
