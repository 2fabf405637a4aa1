/**
 * The memory map: every offset, width and size of the shared buffers, and how they follow from the options.
 *
 * A cache is one control buffer and one buffer per shard, all of Int32 words.
 *
 * ```
 * control   | header: 64 words | thread slot 0: 32 words | thread slot 1 | …
 * shard     | header: 32 words | segment table: 5 words per segment | index: 16 words per bucket | log: segments |
 *
 * bucket    | version | overflow | tags: 9 of 16 bits, 1 unused | locations: 9 words |             (16 words)
 *             0         1          2 to 6                         7 to 15
 * version   | insertions so far: 24 bits | thread id of the writer inside, 0 = none: 8 bits |
 *
 * location  | 0 = empty; positive: index of an entry's first word, less than 2^28; negative: a ghost
 * ghost     | 1 | 0: 15 bits | stamp of its eviction: 16 bits |
 * stamp     | class: 2 bits | tick: 14 bits |
 *
 * entry     | value length | key length: 10 bits, flags: 6 bits | stamp: 16 bits | [expiry: 2] | [label] | key | value |
 *             0              1                                                      2, 3
 * fragment  | data length  | 0: 10 bits, flags: 6 bits          | 0: 16 bits     | hash of the key | unused | data |
 * filler    | data length  | 0: 10 bits, flags: 6 bits          | 0: 16 bits     | unused |
 * ```
 *
 * Key and value begin on words of their own. Expiry and label take no room in entries that have none. A value too long to stand in one piece lies in fragments; the entry
 * then holds their locations instead. An empty slot may keep a ghost, and the tag with it: see ghost.ts.
 *
 * The same as a table. `at` is a word of its region, or word.bit. What is written and read: `load`, `store`, `cas`,
 * `add`, `sub`, `or` and `exchange` are those of `Atomics`; `plain` is an ordinary access. `private` is memory that no
 * other thread can see yet. test/shards/layout.test.ts compares the table with the constants below.
 *
 * ```
 * region         | at   | width    | constant               | written                                | read
 * ---------------|------|----------|------------------------|----------------------------------------|------------
 * control header |      | 64 words | CONTROL_HEADER_WORDS   |                                        |
 *                | 0    | 1 word   | CONTROL_TICK           | add, by whoever's turn it is           | plain, load
 *                | 1    | 1 word   | CONTROL_TICK_SCALE     | cas, by who evicts                     | plain
 *                | 2    | 1 word   | CONTROL_TICK_SCALED_AT | store, after the cas of the scale      | plain
 *                | 16   | 1 word   | CONTROL_KEYS           | cas, sub: places taken and given back  | load
 *                | 32   | 2 words  | CONTROL_WEIGHTS        | store, by who meets a ghost            | load
 *                | 36   | 3 words  | CONTROL_EVICTED        | add, by who evicts; plain, to halve    | plain
 *                | 48   | 1 word   | CONTROL_SWEPT_AT       | cas, by who begins a sweep             | load
 * thread slot    |      | 32 words | SLOT_WORDS             |                                        |
 *                | 0    | 1 word   | SLOT_IDENTITY          | cas, to claim; store, when left        | load
 *                | 1    | 1 word   | SLOT_READ_PIN          | store, by its thread; 0, once it died  | load
 *                | 2    | 1 word   | SLOT_FRAGMENT_PIN      | store, by its thread; 0, once it died  | load
 *                | 3    | 1 word   | SLOT_WALK_PIN          | store, by its thread; 0, once it died  | load
 *                | 4    | 1 word   | SLOT_PLACE             | store, by its thread; exchange of 0    | load
 *                | 16   | 12 words | SLOT_COUNTERS          | plain, by its thread                   | load
 * shard header   |      | 32 words | SHARD_HEADER_WORDS     |                                        |
 *                | 0    | 1 word   | SHARD_KEYS             | add, sub                               | load
 *                | 1    | 1 word   | SHARD_AGE              | add, by who opens a segment            | add
 *                | 2    | 1 word   | SHARD_OVERFLOW_SEGMENT | cas                                    | load
 *                | 3    | 1 word   | SHARD_EVICTIONS        | add                                    | load
 *                | 4    | 1 word   | SHARD_EXPIRATIONS      | add                                    | load
 *                | 5    | 1 word   | SHARD_HIDDEN           | add, sub                               | load
 *                | 16   | 1 word   | SHARD_LOCK             | cas, exchange                          | load
 * segment row    |      | 5 words  | SEGMENT_TABLE_WORDS    |                                        |
 *                | 0    | 1 word   | SEGMENT_STATE          | cas, to claim; store, by its thread    | load, plain
 *                | 1    | 1 word   | SEGMENT_AGE            | store, by its thread                   | load, plain
 *                | 2    | 1 word   | SEGMENT_END            | store, by its thread; add, for buckets | load, plain
 *                | 3    | 1 word   | SEGMENT_DEAD           | add; store of 0, before it is free     | load, plain
 *                | 4    | 1 word   | SEGMENT_EXPIRY         | store, by its thread; cas, by a sweep  | load
 * bucket         |      | 16 words | BUCKET_WORDS           |                                        |
 *                | 0    | 1 word   | BUCKET_VERSION         | cas, to lock; store, to unlock         | load
 *                | 1    | 1 word   | BUCKET_OVERFLOW        | store, under the lock                  | plain, load
 *                | 2    | 5 words  | BUCKET_TAGS            | store, under the lock                  | plain
 *                | 7    | 9 words  | BUCKET_SLOTS           | store, under the lock; cas, without it | plain, load
 * version        |      | 1 word   |                        |                                        |
 *                | 0.0  | 8 bits   | MAX_THREADS            | id of who has the lock; 0: nobody      |
 *                | 0.8  | 24 bits  |                        | insertions so far                      |
 * location       |      | 1 word   |                        |                                        |
 *                | 0.0  | 28 bits  |                        | word index of a record                 |
 *                | 0.30 | 1 bit    | FROZEN                 | or, in a list of fragments only        |
 * ghost          |      | 1 word   |                        |                                        |
 *                | 0.0  | 14 bits  | TICK_MASK              | tick of the eviction                   |
 *                | 0.14 | 2 bits   | TICK_BITS              | class of the entry                     |
 *                | 0.31 | 1 bit    | GHOST                  | always                                 |
 * entry          |      | 2 words  | ENTRY_HEADER_WORDS     |                                        |
 *                | 0    | 1 word   |                        | plain, private: length of the value    | plain
 *                | 1.0  | 10 bits  | KEY_LENGTH_MASK        | plain, private                         | plain
 *                | 1.10 | 1 bit    | FLAG_EXPIRES           | plain, private                         | plain
 *                | 1.11 | 1 bit    | FLAG_FRAGMENTED        | plain, private                         | plain
 *                | 1.12 | 1 bit    | FLAG_FRAGMENT          | plain, private                         | plain
 *                | 1.13 | 1 bit    | FLAG_BASELINE          | plain, private                         | plain
 *                | 1.14 | 1 bit    | FLAG_DEAD              | plain, by who unpublished it           | plain
 *                | 1.15 | 1 bit    | FLAG_LABELLED          | plain, private                         | plain
 *                | 1.16 | 14 bits  | TICK_MASK              | plain, private; later by any reader    | plain
 *                | 1.30 | 2 bits   | TICK_BITS              | plain, private; later by any reader    | plain
 * expiry         |      | 2 words  | EXPIRY_WORDS           |                                        |
 *                | 0    | 1 word   |                        | plain, private: low word               | plain
 *                | 1    | 1 word   |                        | plain, private: high word              | plain
 * label          |      | 1 word   | LABEL_WORDS            | plain, private: never 0                | plain
 * fragment       |      | 4 words  | FRAGMENT_HEADER_WORDS  |                                        |
 *                | 0    | 1 word   |                        | plain, private: bytes of data          | plain
 *                | 1.12 | 1 bit    | FLAG_FRAGMENT          | plain, private                         | plain
 *                | 2    | 1 word   | FRAGMENT_HASH          | plain, private                         | plain
 * filler         |      | 3 words  | FILLER_WORDS           | plain, private: a dead entry, no key   | plain
 * ```
 *
 * A stamp, the upper half of an entry's word 1, is stored and loaded as a half word, and so are the key length and the
 * flags below it: two threads that write one each do not undo each other. Places in a list of fragments are plain while
 * private, then `load`, `cas` and `or`.
 */

/** Changes whenever the layout does: buffers of another version are refused. */
export const LAYOUT_VERSION = 4;

export const WORD_BYTES = 4;

/** Words of a cache line: what two threads write to often is at least this far apart. */
export const LINE_WORDS = 16;

// ---- control buffer -------------------------------------------------------------------------------------------

/** The recency clock. Written once per many accesses, read on each. */
export const CONTROL_TICK = 0;
/** log2 of how many times slower than usual the clock goes: see clock.ts. */
export const CONTROL_TICK_SCALE = 1;
/** The tick at which CONTROL_TICK_SCALE was last changed. */
export const CONTROL_TICK_SCALED_AT = 2;
/** Keys held or about to be, over all shards. Kept only with a `maxKeys`. */
export const CONTROL_KEYS = LINE_WORDS;
/** Logarithms of the weights of all classes but the last, in units of 2^-16: see class-weights.ts. */
export const CONTROL_WEIGHTS = 2 * LINE_WORDS;
/** Evictions of late, a word per class. */
export const CONTROL_EVICTED = CONTROL_WEIGHTS + 4;
/** When the last sweep for expired entries began, in units of 2^6 ms since the epoch, modulo 2^32. */
export const CONTROL_SWEPT_AT = 3 * LINE_WORDS;
export const CONTROL_HEADER_WORDS = 4 * LINE_WORDS;

/** Thread slot: who owns it (0 = nobody), see owner.ts. */
export const SLOT_IDENTITY = 0;
/** Thread slot: the segment whose entry is being read. Only its own thread sets a pin. */
export const SLOT_READ_PIN = 1;
/** Thread slot: the segment whose fragment is being read. */
export const SLOT_FRAGMENT_PIN = 2;
/** Thread slot: the segment whose entries are being walked. */
export const SLOT_WALK_PIN = 3;
/** Thread slot: 1 while the thread holds a place of the quota that no key has yet. */
export const SLOT_PLACE = 4;
export const SLOT_FIRST_PIN = SLOT_READ_PIN;
export const SLOT_LAST_PIN = SLOT_WALK_PIN;
/** Thread slot: 64-bit counters, low word first, on a cache line of their own. */
export const SLOT_COUNTERS = LINE_WORDS;
export const SLOT_WORDS = 2 * LINE_WORDS;

/** What each thread counts, in the order of the cells in its slot. */
export const COUNTERS = ['hits', 'misses', 'sets', 'deletes', 'evictions', 'expirations'] as const;
export type Counter = (typeof COUNTERS)[number];

/** Thread ids are 1 to 255: they stand in the low byte of a bucket's version word. */
export const MAX_THREADS = 255;
const MIN_THREADS = 4;

// ---- shard buffer ---------------------------------------------------------------------------------------------

/** Entries reachable through this shard's index, hidden ones included. */
export const SHARD_KEYS = 0;
/** Number of segments opened so far: the age of the youngest. */
export const SHARD_AGE = 1;
/** The segment that overflow buckets are taken from, plus one; 0 = none yet. */
export const SHARD_OVERFLOW_SEGMENT = 2;
export const SHARD_EVICTIONS = 3;
export const SHARD_EXPIRATIONS = 4;
/** Those of SHARD_KEYS that are hidden: their label is below 0. */
export const SHARD_HIDDEN = 5;
/** `guard: 'lock'`: id of the thread that has the shard's lock, 0 = nobody; see shard-lock.ts. */
export const SHARD_LOCK = LINE_WORDS;
export const SHARD_HEADER_WORDS = 2 * LINE_WORDS;

/** Segment table: state in the low 3 bits, id of the thread it belongs to above. */
export const SEGMENT_STATE = 0;
/** Segment table: value of SHARD_AGE when it was opened. */
export const SEGMENT_AGE = 1;
/** Segment table: words appended; its bitwise complement once closed. */
export const SEGMENT_END = 2;
/** Segment table: words of entries that are no longer reachable. */
export const SEGMENT_DEAD = 3;
/** Segment table: the earliest second since the epoch at which an entry in it expires, or earlier; 0 = none does. */
export const SEGMENT_EXPIRY = 4;
export const SEGMENT_TABLE_WORDS = 5;

export const BUCKET_VERSION = 0;
export const BUCKET_OVERFLOW = 1;
export const BUCKET_TAGS = 2;
export const BUCKET_SLOTS = 7;
export const BUCKET_WORDS = LINE_WORDS;
export const SLOTS_PER_BUCKET = 9;

// ---- entries --------------------------------------------------------------------------------------------------

export const MAX_KEY_BYTES = 512;
export const KEY_LENGTH_MASK = 0x3ff;
/** The entry has a time to live: two words of expiry follow the header. */
export const FLAG_EXPIRES = 1 << 10;
/** The value lies in fragments: the entry holds their locations. */
export const FLAG_FRAGMENTED = 1 << 11;
/** Not an entry but a piece of one's value. */
export const FLAG_FRAGMENT = 1 << 12;
/** Loaded from a data file: a later line of the file may replace it, but it may not replace what a user wrote. */
export const FLAG_BASELINE = 1 << 13;
/** No longer reachable. A hint that saves walkers a look at the index; its absence says nothing. */
export const FLAG_DEAD = 1 << 14;
/** The entry has a label: a word of it stands before the key. */
export const FLAG_LABELLED = 1 << 15;

export const ENTRY_HEADER_WORDS = 2;
export const EXPIRY_WORDS = 2;
export const LABEL_WORDS = 1;
export const FRAGMENT_HASH = 2;
/** Even, so that the data of one fragment after the other begins at a multiple of 8 bytes. */
export const FRAGMENT_HEADER_WORDS = 4;
/** A dead record that puts the next one at a multiple of 8 bytes. */
export const FILLER_WORDS = 3;
/**
 * Bytes of a value from which on it is placed at a multiple of 8 bytes: see alignment.ts. So many that fillers, which
 * count as dead, make up less than half of what makes a segment worth compacting: they come back in its copy.
 */
export const ALIGNED_BYTES = 256;
/** Set in a slot that keeps a ghost: all of the word is negative then. */
export const GHOST = 1 << 31;
/** Bits of a stamp that are the tick; the class stands above them. */
export const TICK_BITS = 14;
export const TICK_MASK = (1 << TICK_BITS) - 1;
/** Classes of entries by how often they were used: once; twice; more often. */
export const CLASSES = 3;

/** Set in every location of a head's list of fragments once the head is about to be moved: see fragments.ts. */
export const FROZEN = 1 << 30;

// ---- sizing ---------------------------------------------------------------------------------------------------

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;

/** Smallest cache, in bytes. */
export const MIN_MEMORY = 64 * KIB;
/** Largest shard: its word indices and byte offsets are small integers to the engine. */
export const MAX_SHARD_BYTES = GIB;
export const MAX_SHARDS = 1024;

const MIN_SEGMENT_BYTES = 2 * KIB;
/** Bounds the time for which emptying one segment holds a writer up: some 1,500 small entries. */
const MAX_SEGMENT_BYTES = 128 * KIB;
/** Segments a shard is cut into, at least, as long as they are not smaller than MIN_SEGMENT_BYTES. */
const SEGMENTS_WANTED = 128;
/** Largest record that stands in one piece, in bytes: an eighth of the largest segment. */
export const MAX_PIECE_BYTES = MAX_SEGMENT_BYTES / 8;
/** An eighth of a segment: the largest record that stands in one piece, so that at most that much of a tail is lost. */
const PIECES_PER_SEGMENT = 8;
/** Share of a shard that is index. More buckets are taken from the log where entries are small. */
const INDEX_SHARE = 1 / 16;
/** Keys per bucket that an index for a known `maxKeys` is made for: each key then has room for two ghosts. */
const KEYS_PER_BUCKET = 3;
/** Segments that entries can't fill: one being written, one kept free to move entries into, one for overflow buckets. */
const SPARE_SEGMENTS = 3;
/** Segments per thread that may be attached, at least: each writing thread keeps one open. */
const SEGMENTS_PER_THREAD = 4;

/** Everything that follows from the options, the same in every thread. */
export interface Layout {
  readonly threadSlots: number;
  readonly controlBytes: number;
  readonly shardBytes: number;
  readonly segments: number;
  readonly segmentWords: number;
  /** log2 of `segmentWords`. */
  readonly segmentShift: number;
  readonly buckets: number;
  /** Word index of the first bucket. */
  readonly indexStart: number;
  /** Word index of the first segment. */
  readonly logStart: number;
  /** Largest record, in words, that is written in one piece. */
  readonly pieceWords: number;
  /** Bytes of a value that one fragment holds. */
  readonly fragmentBytes: number;
  /** Largest value that can ever be stored, in bytes. */
  readonly maxValueBytes: number;
}

export interface Sizing {
  /** Bytes. */
  readonly maxMemory: number;
  /** 0 = no limit. */
  readonly maxKeys: number;
  /** Bytes. */
  readonly maxValueSize: number;
  readonly shards: number;
}

/** Fewest shards for a memory size: as few as the size of one allows, so that keys share it all. */
export function fewestShards(maxMemory: number): number {
  return Math.max(1, Math.ceil(maxMemory / MAX_SHARD_BYTES));
}

/** Most shards that `maxMemory` bytes can be cut into. */
export function mostShards(maxMemory: number): number {
  return Math.max(1, Math.min(MAX_SHARDS, Math.floor(maxMemory / MIN_MEMORY)));
}

/** Cuts `maxMemory` up. Control buffer and shards together are never larger than it. */
export function layoutOf({ maxMemory, maxKeys, maxValueSize, shards }: Sizing): Layout {
  const cut = (threadSlots: number) => cutShard(maxMemory, maxKeys, shards, threadSlots);
  const threadSlots = Math.min(MAX_THREADS, Math.floor(cut(MIN_THREADS).segments / SEGMENTS_PER_THREAD));
  const { controlWords, shardBytes, segmentWords, buckets, segments } = cut(threadSlots);

  const indexStart = SHARD_HEADER_WORDS + ceilTo(segments * SEGMENT_TABLE_WORDS, LINE_WORDS);
  const pieceWords = segmentWords / PIECES_PER_SEGMENT;
  const fragmentBytes = (pieceWords - FRAGMENT_HEADER_WORDS) * WORD_BYTES;
  const keyStart = ENTRY_HEADER_WORDS + EXPIRY_WORDS + LABEL_WORDS;
  const headWords = FILLER_WORDS + keyStart + MAX_KEY_BYTES / WORD_BYTES;
  const mostFragments = Math.min((segments - SPARE_SEGMENTS) * PIECES_PER_SEGMENT, segmentWords - headWords);

  return {
    threadSlots,
    controlBytes: controlWords * WORD_BYTES,
    shardBytes,
    segments,
    segmentWords,
    segmentShift: Math.log2(segmentWords),
    buckets,
    indexStart,
    logStart: indexStart + buckets * BUCKET_WORDS,
    pieceWords,
    fragmentBytes,
    maxValueBytes: Math.min(maxValueSize, mostFragments * fragmentBytes),
  };
}

/** How a shard's words are shared out, given how many thread slots the control buffer has. */
function cutShard(maxMemory: number, maxKeys: number, shards: number, threadSlots: number) {
  const controlWords = CONTROL_HEADER_WORDS + threadSlots * SLOT_WORDS;
  const shardWords = floorTo((maxMemory / WORD_BYTES - controlWords) / shards, LINE_WORDS);
  const shardBytes = shardWords * WORD_BYTES;
  const segmentBytes = Math.min(
    MAX_SEGMENT_BYTES,
    Math.max(MIN_SEGMENT_BYTES, 2 ** Math.floor(Math.log2(shardBytes / SEGMENTS_WANTED))),
  );
  const segmentWords = segmentBytes / WORD_BYTES;
  const bucketsForMemory = Math.floor((shardWords * INDEX_SHARE) / BUCKET_WORDS);
  const bucketsForKeys = maxKeys > 0 ? Math.ceil(maxKeys / shards / KEYS_PER_BUCKET) : Infinity;
  const buckets = Math.max(8, Math.min(bucketsForMemory, bucketsForKeys));
  const roomForLog = shardWords - SHARD_HEADER_WORDS - LINE_WORDS - buckets * BUCKET_WORDS;
  const segments = Math.floor(roomForLog / (segmentWords + SEGMENT_TABLE_WORDS));
  return { controlWords, shardBytes, segmentWords, buckets, segments };
}

function floorTo(value: number, multiple: number): number {
  return Math.floor(value / multiple) * multiple;
}

function ceilTo(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
