/**
 * Where in a data file each key is: a hash table of offsets in shared memory, one for all threads.
 *
 * Open addressing with linear probing. A slot is two 32-bit words, and there are 3 slots for 2 lines: 12 bytes a line.
 *
 * ```
 * high | fingerprint: 20 bits, never 0 | offset, bits 32 to 42: 11 bits | overridden: 1 bit |   0 = empty
 * low  | offset, bits 0 to 31                                                               |
 * ```
 *
 * A slot says what a key's hash is, not which key it is: who asks compares with the file. So keys whose hashes are
 * equal all stay reachable: each has a slot of its own in the same run (the slots from a key's home to the next empty
 * one), and a look returns every slot of the run with the right fingerprint.
 *
 * **What a reader may see.** The thread that loads the file is the only one that fills slots; afterwards the only change
 * is that any thread sets the overridden bit, which stays. All accesses are atomic, so they have one order:
 * - The low word is stored before the high one. A reader loads the high one first, and the low one only if the high one
 *   is not 0: then it is filled. A slot is never emptied, moved or used for another key, so no reader meets a part of
 *   one and a part of another, and a run never falls apart under it.
 * - A filled slot may be given a later line of the same key, as long as bits 32 to 42 stay: that is one store of the low
 *   word. Both offsets are those of the key, so either is right with the high word that was loaded.
 * - A line that is not there yet is not found. Until the load is over, "not found" therefore means nothing.
 *
 * The number of lines is not known when workers attach. So address space is reserved for the most lines a file of that
 * size can have (growable buffers; memory that is not grown into does not exist), and the table is grown once.
 */
import { randomInt } from 'node:crypto';
import { hashSecrets, hashWords, KeyBuffer } from '../../shards/index.js';
import type { StoreKey } from './backing-store.js';

/** Offsets have 43 bits. */
export const MAX_INDEXED_BYTES = 2 ** 43;

/** Bytes of the shortest line that is well-formed: a key, a space, LF. */
const SHORTEST_LINE = 3;
const SLOT_WORDS = 2;
const WORD_BYTES = 4;
const SLOT_BYTES = SLOT_WORDS * WORD_BYTES;
const SLOTS_PER_LINE = 1.5;
/** A buffer of this size can be made by all versions of Node. */
const SEGMENT_SLOTS = 2 ** 28;
/** Slot numbers are 31 bits: 1.4 billion lines. */
const MAX_SLOTS = 2 ** 31;

const OVERRIDDEN = 1;
const OFFSET_HIGH_BITS = 11;
const FINGERPRINT_SHIFT = 1 + OFFSET_HIGH_BITS;
const TWO_32 = 2 ** 32;

/** Slots of one hash in one run from which on a line of the same key takes the slot of an earlier one. */
const MAX_COPIES = 4;

/** Slots of the table; 0 = it has not been made. Written once, when the table is large enough. */
const CONTROL_SLOTS = 0;
/** 1 once it is known that there will be no table. */
const CONTROL_UNNEEDED = 1;
const CONTROL_BYTES = 64;

/** Structured-cloneable: what another thread attaches to. */
export interface FileIndexHandle {
  readonly control: SharedArrayBuffer;
  readonly segments: readonly SharedArrayBuffer[];
  readonly segmentSlots: number;
  /** Of the two hashes. Drawn at random, so that nobody can choose keys that collide. */
  readonly seeds: readonly [number, number];
  /** Bits of the hashes that count. */
  readonly hashMask: number;
}

/** What only tests set. */
export type FileIndexTestOptions = Partial<Pick<FileIndexHandle, 'segmentSlots' | 'hashMask'>>;

/** A line that may be that of a key. */
export interface Candidate {
  readonly slot: number;
  /** Where the line's key begins in the file. */
  readonly offset: number;
}

export class FileIndex {
  readonly handle: FileIndexHandle;
  readonly #control: Int32Array<SharedArrayBuffer>;
  readonly #key: KeyBuffer;
  readonly #secondSecrets: ReturnType<typeof hashSecrets>;
  readonly #hashMask: number;
  readonly #segmentSlots: number;
  #segments: Int32Array<SharedArrayBuffer>[] = [];
  #slots = 0;
  /** By this thread. */
  #filled = 0;
  // Of the key that was loaded last.
  #home = 0;
  #fingerprint = 0;

  private constructor(handle: FileIndexHandle) {
    this.handle = handle;
    this.#control = new Int32Array(handle.control);
    this.#key = new KeyBuffer(hashSecrets(handle.seeds[0]));
    this.#secondSecrets = hashSecrets(handle.seeds[1]);
    this.#hashMask = handle.hashMask;
    this.#segmentSlots = handle.segmentSlots;
  }

  /**
   * An index without a table, for a file of so many bytes.
   *
   * @throws {RangeError} when so much address space can't be had
   */
  static reserve(fileSize: number, options: FileIndexTestOptions = {}): FileIndex {
    const { segmentSlots = SEGMENT_SLOTS, hashMask = -1 } = options;
    // The last line may lack its LF.
    const slots = Math.min(slotsFor(Math.ceil((fileSize + 1) / SHORTEST_LINE)), MAX_SLOTS);
    const segments = Array.from({ length: Math.ceil(slots / segmentSlots) }, (_, i) => {
      const most = Math.min(segmentSlots, slots - i * segmentSlots);
      return new SharedArrayBuffer(0, { maxByteLength: most * SLOT_BYTES });
    });
    return new FileIndex({
      control: new SharedArrayBuffer(CONTROL_BYTES),
      segments,
      segmentSlots,
      seeds: [randomInt(-0x80000000, 0x80000000), randomInt(-0x80000000, 0x80000000)],
      hashMask,
    });
  }

  static attach(handle: FileIndexHandle): FileIndex {
    return new FileIndex(handle);
  }

  /** Bytes of memory that the table may use. */
  get bytes(): number {
    return this.#hasTable() ? CONTROL_BYTES + this.#slots * SLOT_BYTES : CONTROL_BYTES;
  }

  /**
   * Makes the table, once.
   *
   * @param lines lines of the file, at least as many as will be inserted
   * @throws {RangeError} when there are more lines than it can have, or less memory than it takes
   */
  makeTable(lines: number): void {
    const slots = slotsFor(lines);
    const { segments, segmentSlots } = this.handle;
    if (slots > segments.length * segmentSlots)
      throw new RangeError(`${lines} lines are too many for an index`);
    segments.forEach((segment, i) => {
      const wanted = Math.min(segmentSlots, slots - i * segmentSlots);
      if (wanted > 0) segment.grow(wanted * SLOT_BYTES);
    });
    Atomics.store(this.#control, CONTROL_SLOTS, slots | 0);
  }

  /** Says that everything is in the map. */
  declareUnneeded(): void {
    Atomics.store(this.#control, CONTROL_UNNEEDED, 1);
  }

  /** Whether there is a table, will be none, or is not known yet to be one. */
  get state(): 'made' | 'unneeded' | 'undecided' {
    if (this.#hasTable()) return 'made';
    return Atomics.load(this.#control, CONTROL_UNNEEDED) === 1 ? 'unneeded' : 'undecided';
  }

  /**
   * Adds a line; only the thread that made the table may.
   *
   * @param bytes hold the key from `keyStart` to before `keyEnd`
   * @param offset where the key begins in the file; larger than any before
   * @param isSameKey whether the line at an offset that was inserted before has the same key
   * @returns false when the table is full
   */
  insert(
    bytes: Uint8Array,
    keyStart: number,
    keyEnd: number,
    offset: number,
    isSameKey: (earlier: number) => boolean,
  ): boolean {
    if (!this.#hasTable()) return false;
    this.#key.loadRange(bytes, keyStart, keyEnd);
    this.#hash();
    const high = (this.#fingerprint << FINGERPRINT_SHIFT) | (Math.floor(offset / TWO_32) << 1);
    let copies = 0;
    let slot = this.#home;
    let segment = this.#segmentOf(slot);
    let at = this.#at(slot);
    // Filled by this thread alone: no need for an atomic access.
    for (let found = segment[at]; found !== 0; found = segment[at]) {
      if (found >>> FINGERPRINT_SHIFT === this.#fingerprint) copies++;
      slot = this.#next(slot);
      at += SLOT_WORDS;
      if (at === segment.length) {
        segment = this.#segmentOf(slot);
        at = this.#at(slot);
      }
    }
    // To compare with the file costs more than a slot, but runs of one key's lines would make all of it slow.
    if (copies >= MAX_COPIES && this.#replace(high, offset, isSameKey)) return true;
    // One stays empty: it is what ends a run.
    if (this.#filled >= this.#slots - 1) return false;
    this.#filled++;
    Atomics.store(segment, at + 1, offset | 0);
    Atomics.store(segment, at, high);
    return true;
  }

  /** Lines that may be the key's and are not overridden, the last one of the file first. */
  candidates(key: StoreKey): Candidate[] {
    if (!this.#hasTable()) return [];
    this.#load(key);
    const first = this.#live();
    // Lines of one key are overridden in the order of the file. A look that met the last one overridden may have met
    // an earlier one right before that was: only a second look is sure to see that one overridden, too.
    return (first.metOverridden ? this.#live() : first).candidates.sort((a, b) => b.offset - a.offset);
  }

  /**
   * Whether a look for one key may meet the slot of the other. Their homes may differ: runs of neighbouring homes grow
   * together, and a look goes through all of a run.
   */
  mayBeMistaken(one: StoreKey, other: StoreKey): boolean {
    this.#load(one);
    const fingerprint = this.#fingerprint;
    this.#load(other);
    return this.#fingerprint === fingerprint;
  }

  /**
   * Marks a slot as overridden, for all threads and for ever. When a key has several slots, the one of the last line
   * must come last: see `candidates`.
   *
   * @returns whether this call did it
   */
  override(slot: number): boolean {
    return (Atomics.or(this.#segmentOf(slot), this.#at(slot), OVERRIDDEN) & OVERRIDDEN) === 0;
  }

  /** The slots with the fingerprint of the loaded key, as they are one after the other. */
  #live(): { readonly candidates: Candidate[]; readonly metOverridden: boolean } {
    const candidates: Candidate[] = [];
    let metOverridden = false;
    for (let slot = this.#home; ; slot = this.#next(slot)) {
      const segment = this.#segmentOf(slot);
      const at = this.#at(slot);
      const high = Atomics.load(segment, at);
      if (high === 0) return { candidates, metOverridden };
      if (high >>> FINGERPRINT_SHIFT !== this.#fingerprint) continue;
      if ((high & OVERRIDDEN) !== 0) metOverridden = true;
      else candidates.push({ slot, offset: offsetOf(high, Atomics.load(segment, at + 1)) });
    }
  }

  /** Gives the slot of an earlier line of the loaded key to a later one. False when there is none that could take it. */
  #replace(high: number, offset: number, isSameKey: (earlier: number) => boolean): boolean {
    const { candidates } = this.#live();
    for (const { slot, offset: earlier } of candidates.sort((a, b) => b.offset - a.offset)) {
      const segment = this.#segmentOf(slot);
      const at = this.#at(slot);
      if (Atomics.load(segment, at) !== high || !isSameKey(earlier)) continue;
      Atomics.store(segment, at + 1, offset | 0);
      return true;
    }
    return false;
  }

  /** Whether there is a table. This thread may have to find that out. */
  #hasTable(): boolean {
    if (this.#slots > 0) return true;
    const slots = Atomics.load(this.#control, CONTROL_SLOTS) >>> 0;
    if (slots === 0) return false;
    const used = this.handle.segments.slice(0, Math.ceil(slots / this.#segmentSlots));
    // Made with a length: views that follow a growing buffer are slower.
    this.#segments = used.map((segment) => new Int32Array(segment, 0, segment.byteLength / WORD_BYTES));
    this.#slots = slots;
    return true;
  }

  #load(key: StoreKey): void {
    this.#key.load(key);
    this.#hash();
  }

  /**
   * Finds home and fingerprint of the loaded key from two independent hashes. Keys of both the same home and the same
   * fingerprint are 2^-20 of those with the same home, so almost every look for an absent key ends without the file.
   */
  #hash(): void {
    const first = this.#key.hash & this.#hashMask;
    const second = hashWords(this.#secondSecrets, this.#key.words, 0, this.#key.length) & this.#hashMask;
    this.#home = Math.floor(((first >>> 0) * this.#slots) / TWO_32);
    this.#fingerprint = second >>> FINGERPRINT_SHIFT || 1;
  }

  #next(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1;
  }

  #segmentOf(slot: number): Int32Array<SharedArrayBuffer> {
    const part = slot < this.#segmentSlots ? 0 : Math.floor(slot / this.#segmentSlots);
    return this.#segments[part] as Int32Array<SharedArrayBuffer>;
  }

  /** Index of a slot's high word in its segment. */
  #at(slot: number): number {
    return (slot < this.#segmentSlots ? slot : slot % this.#segmentSlots) * SLOT_WORDS;
  }
}

function slotsFor(lines: number): number {
  return Math.ceil(lines * SLOTS_PER_LINE) + 1;
}

function offsetOf(high: number, low: number): number {
  return ((high >>> 1) & ((1 << OFFSET_HIGH_BITS) - 1)) * TWO_32 + (low >>> 0);
}
