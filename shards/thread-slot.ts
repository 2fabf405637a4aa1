/**
 * A thread's place in the control buffer: its id, its pins and its counters.
 *
 * A pin says "I may be reading in this segment". It is a hazard pointer (Maged Michael, "Hazard Pointers:
 * Safe Memory Reclamation for Lock-Free Objects", IEEE TPDS 2004) of a segment's width, and what lets entries be
 * read and copied by plain loads:
 *
 * ORDER O1: pin (atomic store), then the slot's location (atomic load). Pairs with O2, the recycler's slot store
 *   before its look at the pins. All four are in one total order, so either the reader finds the location gone
 *   and turns away, or the recycler finds the pin and leaves the segment alone.
 * ORDER O3: plain accesses to an entry, its stamp's store included, then the next pin or unpin (atomic store). A
 *   recycler that reads that word synchronizes with it: the segment's next life happens after those accesses.
 *
 * The read pin stays where it is when a read has ended: the next read of another segment moves it. An atomic store
 * is a full fence to the processor, so one per read instead of two halves what a read waits for memory. A pinned
 * segment is not chosen to be emptied as long as there are others, so a pin that lingers, even that of a dead
 * thread, costs no memory: what is in the segment stays readable.
 */
import {
  CONTROL_HEADER_WORDS,
  CONTROL_KEYS,
  COUNTERS,
  type Counter,
  SLOT_COUNTERS,
  SLOT_FIRST_PIN,
  SLOT_FRAGMENT_PIN,
  SLOT_IDENTITY,
  SLOT_LAST_PIN,
  SLOT_PLACE,
  SLOT_READ_PIN,
  SLOT_WALK_PIN,
  SLOT_WORDS,
} from './layout.js';
import { currentIdentity, LEFT, mayBeGone } from './owner.js';

/** The control buffer as words. */
export type ControlWords = Int32Array<SharedArrayBuffer>;

/** A shard has at most 2^14 - 2 segments, and there are at most 2^10 shards: see layout.ts. */
const PIN_SEGMENT_BITS = 14;
const PIN_SEGMENT_MASK = (1 << PIN_SEGMENT_BITS) - 1;

/** The word that pins a segment of a shard; never 0, which is "no pin". */
export function pinOf(shard: number, segment: number): number {
  return (shard << PIN_SEGMENT_BITS) | (segment + 1);
}

export class ThreadSlot {
  readonly control: ControlWords;
  /** 1 to 255. */
  readonly id: number;
  /** What the read pin holds: no other thread writes it. */
  readPinned = 0;
  /** Indices of this thread's words in the control buffer. */
  readonly readPin: number;
  readonly fragmentPin: number;
  readonly walkPin: number;
  /** Index of the word that says whether this thread holds a place of the quota. */
  readonly placeWord: number;
  readonly #counters: number;

  constructor(control: ControlWords, id: number) {
    const base = slotStart(id);
    this.control = control;
    this.id = id;
    this.readPin = base + SLOT_READ_PIN;
    this.fragmentPin = base + SLOT_FRAGMENT_PIN;
    this.walkPin = base + SLOT_WALK_PIN;
    this.placeWord = base + SLOT_PLACE;
    this.#counters = base + SLOT_COUNTERS;
  }

  /** Moves the read pin. See O1: what the caller then finds in a slot stays as it is until the next call. */
  pinForRead(pin: number): void {
    if (this.readPinned === pin) return;
    this.readPinned = pin;
    Atomics.store(this.control, this.readPin, pin);
  }

  unpinWalk(): void {
    Atomics.store(this.control, this.walkPin, 0);
  }

  /** Adds one to a counter. Plain: this thread is the only writer, and a reader may be one count behind. */
  count(counter: number): void {
    const { control } = this;
    const low = this.#counters + 2 * counter;
    const next = (control[low] + 1) | 0;
    control[low] = next;
    if (next === 0) control[low + 1]++;
  }
}

/** Places of COUNTERS, for `count`. */
export const HITS = COUNTERS.indexOf('hits');
export const MISSES = COUNTERS.indexOf('misses');
export const SETS = COUNTERS.indexOf('sets');
export const DELETES = COUNTERS.indexOf('deletes');
export const EVICTIONS = COUNTERS.indexOf('evictions');
export const EXPIRATIONS = COUNTERS.indexOf('expirations');

/** A slot taken, and whether another thread had it before, or this one: then `takeOver` what it left behind. */
export interface ClaimedSlot {
  readonly thread: ThreadSlot;
  readonly inherited: boolean;
}

/**
 * Takes a slot for the calling thread: one that it had for a cache object it has dropped since, a free one, or,
 * when there is none, that of a dead thread. A thread attaches to a cache once at a time, see `SharedCache.attach`.
 *
 * @throws {RangeError} when every slot belongs to another living thread
 */
export function claimThreadSlot(control: ControlWords, slots: number): ClaimedSlot {
  const identity = currentIdentity();
  const take = (id: number, from: number): ClaimedSlot | undefined => {
    if (Atomics.compareExchange(control, identityWord(id), from, identity) !== from) return undefined;
    clearSlot(control, id);
    return { thread: new ThreadSlot(control, id), inherited: from !== 0 };
  };
  for (let id = 1; id <= slots; id++) {
    const owner = Atomics.load(control, identityWord(id));
    if (owner !== 0 && owner !== identity) continue;
    const claimed = take(id, owner);
    if (claimed !== undefined) return claimed;
  }
  for (let id = 1; id <= slots; id++) {
    const owner = Atomics.load(control, identityWord(id));
    if (!mayBeGone(owner, 0)) continue;
    const claimed = take(id, owner);
    if (claimed !== undefined) return claimed;
  }
  throw new RangeError(
    `a cache of this size can be attached in ${slots} threads at a time, and all of them live`,
  );
}

/** Calls `visit` with the segment of every pin on a shard. */
export function forEachPinned(
  control: ControlWords,
  slots: number,
  shard: number,
  visit: (segment: number) => void,
): void {
  for (let id = 1; id <= slots; id++) {
    const base = slotStart(id);
    if (Atomics.load(control, base + SLOT_IDENTITY) === 0) return;
    for (let word = SLOT_FIRST_PIN; word <= SLOT_LAST_PIN; word++) {
      const pin = Atomics.load(control, base + word);
      if (pin !== 0 && pin >>> PIN_SEGMENT_BITS === shard) visit((pin & PIN_SEGMENT_MASK) - 1);
    }
  }
}

/** Whether a thread has pinned a segment. `pin` is its `pinOf` word. */
export function isPinned(control: ControlWords, slots: number, pin: number): boolean {
  for (let id = 1; id <= slots; id++) {
    const base = slotStart(id);
    if (Atomics.load(control, base + SLOT_IDENTITY) === 0) return false;
    for (let word = SLOT_FIRST_PIN; word <= SLOT_LAST_PIN; word++) {
      if (Atomics.load(control, base + word) === pin) return true;
    }
  }
  return false;
}

/**
 * Has `act` done while nobody else can take over the slot of a dead thread: its successor might write to the very
 * words that `act` finds, the same values even. False, and nothing done, when its thread may live.
 *
 * CRASH K4: dying inside leaves the slot with the identity of another dead thread.
 *
 * @param thread the calling thread's slot
 */
export function whileLeft(thread: ThreadSlot, id: number, act: () => void): boolean {
  const { control } = thread;
  const owner = identityOfSlot(control, id);
  if (owner === 0 || !mayBeGone(owner, 0)) return false;
  const mine = identityOfSlot(control, thread.id);
  if (Atomics.compareExchange(control, identityWord(id), owner, mine) !== owner) return false;
  act();
  Atomics.store(control, identityWord(id), LEFT);
  return true;
}

/**
 * Takes the pins of dead threads off, so that the segments under them can be used again, and gives the places of the
 * quota back that they held.
 */
export function recoverDeadThreads(thread: ThreadSlot, slots: number): void {
  const { control } = thread;
  for (let id = 1; id <= slots; id++) {
    if (identityOfSlot(control, id) === 0) return;
    if (id !== thread.id && holdsAnything(control, id)) whileLeft(thread, id, () => clearSlot(control, id));
  }
}

/** Places of the quota that threads hold and no key has yet. */
export function placesHeld(control: ControlWords, slots: number): number {
  let places = 0;
  for (let id = 1; id <= slots; id++) {
    if (identityOfSlot(control, id) === 0) break;
    places += Atomics.load(control, slotStart(id) + SLOT_PLACE);
  }
  return places;
}

/** Whether a slot has a pin or a place in it. */
function holdsAnything(control: ControlWords, id: number): boolean {
  const start = slotStart(id);
  for (let word = SLOT_FIRST_PIN; word <= SLOT_PLACE; word++) {
    if (Atomics.load(control, start + word) !== 0) return true;
  }
  return false;
}

/** Lets go of all that a slot holds, whose thread has died or begins anew. */
function clearSlot(control: ControlWords, id: number): void {
  const start = slotStart(id);
  for (let pin = SLOT_FIRST_PIN; pin <= SLOT_LAST_PIN; pin++) Atomics.store(control, start + pin, 0);
  if (Atomics.exchange(control, start + SLOT_PLACE, 0) === 1) Atomics.sub(control, CONTROL_KEYS, 1);
}

/** The identity of the thread that has, or had, this id. */
export function identityOfSlot(control: ControlWords, id: number): number {
  return Atomics.load(control, identityWord(id));
}

/** Sums of all threads' counters, those of dead threads too. */
export function sumCounters(control: ControlWords, slots: number): Record<Counter, number> {
  const sums = { hits: 0, misses: 0, sets: 0, deletes: 0, evictions: 0, expirations: 0 };
  for (let id = 1; id <= slots; id++) {
    const base = slotStart(id);
    if (Atomics.load(control, base + SLOT_IDENTITY) === 0) break;
    COUNTERS.forEach((counter, i) => {
      sums[counter] += readCounter(control, base + SLOT_COUNTERS + 2 * i);
    });
  }
  return sums;
}

/** Low and high word are two stores: read again when the high one changed in between. */
function readCounter(control: ControlWords, low: number): number {
  for (;;) {
    const high = Atomics.load(control, low + 1);
    const sum = (Atomics.load(control, low) >>> 0) + high * 2 ** 32;
    if (Atomics.load(control, low + 1) === high) return sum;
  }
}

function slotStart(id: number): number {
  return CONTROL_HEADER_WORDS + (id - 1) * SLOT_WORDS;
}

function identityWord(id: number): number {
  return slotStart(id) + SLOT_IDENTITY;
}
