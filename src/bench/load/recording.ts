/** Counts and times what the load gets back. */
import { createHistogram } from 'node:perf_hooks';
import type { Load, Step } from './orders.js';

type Counts = { -readonly [Name in keyof Step]: Step[Name] };

/** A minute: requests that take longer count as that long. In microseconds. */
const LONGEST = 60_000_000;

export class Recording {
  readonly #began = performance.now();
  readonly #step: number | undefined;
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST, figures: 3 });
  readonly #statuses = new Map<number, number>();
  readonly #timeline: Counts[] = [];
  #reads = 0;
  #writes = 0;

  /** @param step milliseconds; undefined: no timeline */
  constructor(step: number | undefined) {
    this.#step = step;
  }

  /** @param sent as `performance.now()` said */
  take(isWrite: boolean, status: number, sent: number): void {
    const now = performance.now();
    const microseconds = Math.round((now - sent) * 1000);
    this.#histogram.record(Math.min(Math.max(microseconds, 1), LONGEST));
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (isWrite) this.#writes++;
    else this.#reads++;
    if (this.#step !== undefined) this.#mark(this.#step, isWrite, status, now, now - sent);
  }

  get load(): Load {
    const histogram = this.#histogram;
    return {
      began: performance.timeOrigin + this.#began,
      seconds: (performance.now() - this.#began) / 1000,
      requests: this.#reads + this.#writes,
      reads: this.#reads,
      writes: this.#writes,
      statuses: Object.fromEntries(this.#statuses),
      latency: { p50: histogram.percentile(50), p99: histogram.percentile(99), max: histogram.max },
      timeline: this.#timeline,
    };
  }

  #mark(step: number, isWrite: boolean, status: number, now: number, duration: number): void {
    const index = Math.floor((now - this.#began) / step);
    while (this.#timeline.length <= index) this.#timeline.push(noCounts());
    const counts = this.#timeline[index];
    counts[outcomeOf(isWrite, status)]++;
    counts.longest = Math.max(counts.longest, duration);
    if (isWrite && status === 200 && counts.firstAcknowledged === 0) {
      counts.firstAcknowledged = performance.timeOrigin + now;
    }
  }
}

function outcomeOf(isWrite: boolean, status: number) {
  if (status === 200) return isWrite ? 'acknowledged' : 'found';
  if (status === 503) return isWrite ? 'refusedWrites' : 'refusedReads';
  return status === 404 && !isWrite ? 'absent' : 'errors';
}

function noCounts(): Counts {
  return {
    found: 0,
    absent: 0,
    acknowledged: 0,
    refusedReads: 0,
    refusedWrites: 0,
    errors: 0,
    longest: 0,
    firstAcknowledged: 0,
  };
}
