/**
 * How fast entries of each class age, learned from ghosts: the part of the eviction policy that adapts. See eviction.ts for
 * what the weights are used for.
 *
 * Let the hazard of a class be the probability that an entry of it, evicted now, is asked for again soon. The best
 * entries to evict are those of the least hazard, so the weights are right when the last entries evicted of each
 * class have the same. A key that comes back and finds its ghost is a sample of that: each one lowers the weight of
 * its class by a step, divided by the class's share of the evictions of late. If hazards are equal the steps cancel
 * out. That is the principle of ARC (Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST
 * 2003), whose ghosts move the border between entries used once and more often; here they turn the relative speed
 * of ageing, so that where use tells nothing about the future all weights stay at 1, and the policy is exact LRU.
 *
 * The weights are words that all threads share. Updates that are lost between two threads are samples lost.
 */
import type { Clock } from './clock.js';
import { ghostOf, stampOfGhost } from './ghost.js';
import { CLASSES, CONTROL_EVICTED, CONTROL_WEIGHTS } from './layout.js';
import { ageOfStamp, classOf } from './stamp.js';
import type { ControlWords } from './thread-slot.js';

/** Logarithms of weights are kept in these units. */
const UNIT = 2 ** -16;
/** A class ages at most so many times as fast as the last one. */
const MAX_WEIGHT = 64;
const MAX_LOG = Math.log(MAX_WEIGHT) / UNIT;
/** What a ghost of a class that all evictions were of moves its weight by, as a logarithm. */
const STEP = 0.01 / UNIT;
/** Part of its logarithm that a weight loses per ghost: without evidence it goes back to 1, and so to LRU. */
const PULL = 5e-4;
/** A class counts as having had at least this share of the evictions. */
const LEAST_SHARE = 0.02;
/** Turnovers within which a key must come back for its ghost to count. */
const SOON = 0.5;

export class ClassWeights {
  readonly #control: ControlWords;
  readonly #clock: Clock;
  /** Whether ghosts are learned from. Otherwise the policy stays exact LRU. */
  readonly #adaptive: boolean;
  /** The weights, and the logarithms they were computed from. */
  readonly #weights = new Float64Array(CLASSES).fill(1);
  readonly #logs = new Int32Array(CLASSES);

  constructor(control: ControlWords, clock: Clock, adaptive: boolean) {
    this.#control = control;
    this.#clock = clock;
    this.#adaptive = adaptive;
  }

  /** Brings the weights up to date with what other threads have learned. Call before `scoreOf`s. */
  refresh(): void {
    for (let i = 0; i < CLASSES - 1; i++) {
      const log = Atomics.load(this.#control, CONTROL_WEIGHTS + i);
      if (log === this.#logs[i]) continue;
      this.#logs[i] = log;
      this.#weights[i] = Math.exp(log * UNIT);
    }
  }

  /** How much an entry deserves to be evicted: its age in ticks, times the weight of its class. */
  scoreOf(stamp: number, tick: number): number {
    return (ageOfStamp(stamp, tick) + 1) * (this.#weights[classOf(stamp)] as number);
  }

  /** The ghost to leave in the slot of an entry that is evicted. */
  ghostFor(stamp: number): number {
    return ghostOf(classOf(stamp), this.#clock.now);
  }

  /**
   * Counts an eviction.
   *
   * @param stamp of the entry
   * @param keys that are held
   */
  evicted(stamp: number, keys: number): void {
    const control = this.#control;
    this.#clock.evicted(ageOfStamp(stamp, this.#clock.now));
    const count = Atomics.add(control, CONTROL_EVICTED + classOf(stamp), 1) + 1;
    // "Of late" is about the last turnover.
    if (count > keys) for (let i = 0; i < CLASSES; i++) control[CONTROL_EVICTED + i] >>= 1;
  }

  /** Learns from a key that has come back and found its ghost. */
  learn(ghost: number): void {
    if (!this.#adaptive) return;
    const control = this.#control;
    const stamp = stampOfGhost(ghost);
    const entryClass = classOf(stamp);
    const isSoon = ageOfStamp(stamp, this.#clock.now) <= this.#clock.ticksIn(SOON);
    const step = isSoon ? STEP / this.#shareOf(entryClass) : 0;
    for (let i = 0; i < CLASSES - 1; i++) {
      let log = Atomics.load(control, CONTROL_WEIGHTS + i) * (1 - PULL);
      // Only their proportions matter: the last class's weight is 1, and its step is taken by the others.
      if (entryClass === i) log -= step;
      else if (entryClass === CLASSES - 1) log += step;
      Atomics.store(control, CONTROL_WEIGHTS + i, Math.round(Math.min(MAX_LOG, Math.max(0, log))));
    }
  }

  /** The part of the evictions of late that were of a class. */
  #shareOf(entryClass: number): number {
    const control = this.#control;
    let all = 0;
    for (let i = 0; i < CLASSES; i++) all += control[CONTROL_EVICTED + i] as number;
    return Math.max(LEAST_SHARE, (control[CONTROL_EVICTED + entryClass] as number) / Math.max(1, all));
  }
}
