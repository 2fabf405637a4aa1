/**
 * The recency clock: a tick for the whole cache that goes on once per so many accesses. Entries are stamped with it
 * when they are used, so their ages are compared without a list that every read would have to change.
 *
 * A turnover is as many accesses as the cache has keys. It has 64 ticks, or one per access where there are fewer
 * keys, so caches of up to 64 keys know the exact order. Where entries live for many turnovers before they are
 * evicted, the clock goes slower, so that their ages stay far from the 2^14 ticks after which a stamp repeats. Where
 * nothing is evicted for that long, an entry that was not used meanwhile has any age: once in some thousand times it
 * looks as young as the youngest. Caches that evict exactly are too small for that to be rare: their clock keeps its
 * pace, and their old entries are stamped anew in time.
 */
import { CONTROL_TICK, CONTROL_TICK_SCALE, CONTROL_TICK_SCALED_AT } from './layout.js';
import type { ControlWords } from './thread-slot.js';

const TICKS_PER_TURNOVER = 64;

/** Ages at which entries are evicted, in ticks, between which the clock's pace is left alone. */
const OLDEST_WANTED = 2048;
const YOUNGEST_WANTED = 16;
/** Times slower than usual that the clock may go, as a power of two. */
const MAX_SCALE = 16;

/** Ticks between two calls to stamp old entries anew. */
const RESTAMP_INTERVAL = 2048;

export class Clock {
  readonly #control: ControlWords;
  readonly #keysHeld: () => number;
  readonly #restamp: (() => void) | undefined;
  #accessesToTick = 1;

  /**
   * @param keysHeld how many keys the cache holds; called once per tick
   * @param restamp for a cache that evicts exactly: called by one thread each RESTAMP_INTERVAL ticks
   */
  constructor(control: ControlWords, keysHeld: () => number, restamp?: () => void) {
    this.#control = control;
    this.#keysHeld = keysHeld;
    this.#restamp = restamp;
  }

  /** The current tick, or that of a moment ago. */
  get now(): number {
    return this.#control[CONTROL_TICK];
  }

  /** The current tick, for an access. Moves it on when it is time. */
  access(): number {
    if (--this.#accessesToTick > 0) return this.#control[CONTROL_TICK];
    return this.#advance();
  }

  /** Ticks that pass in a part of a turnover. */
  ticksIn(turnovers: number): number {
    return (turnovers * TICKS_PER_TURNOVER) / 2 ** this.#control[CONTROL_TICK_SCALE];
  }

  /** Learns from an eviction whether the clock's pace is right. @param age of the entry, in ticks */
  evicted(age: number): void {
    if ((age <= OLDEST_WANTED && age >= YOUNGEST_WANTED) || this.#restamp !== undefined) return;
    const control = this.#control;
    const scale = control[CONTROL_TICK_SCALE];
    const next = age > OLDEST_WANTED ? Math.min(MAX_SCALE, scale + 1) : Math.max(0, scale - 1);
    // Entries that were stamped before the last change still have their old ages.
    const since = (this.now - control[CONTROL_TICK_SCALED_AT]) | 0;
    if (next === scale || (since >= 0 && since < OLDEST_WANTED)) return;
    if (Atomics.compareExchange(control, CONTROL_TICK_SCALE, scale, next) !== scale) return;
    Atomics.store(control, CONTROL_TICK_SCALED_AT, this.now);
  }

  #advance(): number {
    const control = this.#control;
    const accesses = Math.max(1, this.#keysHeld() / TICKS_PER_TURNOVER);
    this.#accessesToTick = Math.floor(accesses) * 2 ** control[CONTROL_TICK_SCALE];
    const tick = Atomics.add(control, CONTROL_TICK, 1) + 1;
    if (this.#restamp !== undefined && tick % RESTAMP_INTERVAL === 0) this.#restamp();
    return tick;
  }
}
