/** How fast a counter has grown of late, for who asks now and then: since the last time it was asked, a second ago or more. */

/** Milliseconds that a rate is taken over at least. */
const SHORTEST = 1000;

interface Sample {
  readonly at: number;
  readonly count: number;
}

export class RecentRate {
  #samples: readonly [before: Sample, last: Sample];
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    const first = { at: now(), count: 0 };
    this.#now = now;
    this.#samples = [first, first];
  }

  /** Per second. @param count what the counter is now */
  at(count: number): number {
    const now: Sample = { at: this.#now(), count };
    if (now.at - this.#samples[1].at >= SHORTEST) this.#samples = [this.#samples[1], now];
    const [before] = this.#samples;
    const elapsed = now.at - before.at;
    // Less than before: it has begun anew.
    return elapsed <= 0 || count < before.count ? 0 : ((count - before.count) * 1000) / elapsed;
  }
}
