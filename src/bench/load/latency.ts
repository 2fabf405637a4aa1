/** How long requests took, as percentiles. */
import { createHistogram } from 'node:perf_hooks';
import type { Latency } from './orders.js';

/** A minute: requests that take longer count as that long. In microseconds. */
const LONGEST = 60_000_000;

export class Times {
  readonly #histogram = createHistogram({ lowest: 1, highest: LONGEST, figures: 3 });

  take(microseconds: number): void {
    this.#histogram.record(Math.min(Math.max(Math.round(microseconds), 1), LONGEST));
  }

  get latency(): Latency {
    const histogram = this.#histogram;
    return {
      mean: histogram.mean,
      p50: histogram.percentile(50),
      p75: histogram.percentile(75),
      p90: histogram.percentile(90),
      p95: histogram.percentile(95),
      p99: histogram.percentile(99),
      p999: histogram.percentile(99.9),
      max: histogram.max,
    };
  }
}
