/** Counts and times what the load gets back. */
import { Times } from './latency.js';
import type { Load, Step } from './orders.js';

type Counts = { -readonly [Name in keyof Step]: Step[Name] };

/** Milliseconds for which a user waits: an answer that comes later is as good as none. */
export const IN_TIME = 2_000;

export class Recording {
  readonly #began = performance.now();
  readonly #cpu = process.cpuUsage();
  readonly #step: number | undefined;
  readonly #times = new Times();
  readonly #statuses = new Map<number, number>();
  readonly #timeline: Counts[] = [];
  #reads = 0;
  #writes = 0;
  #inTime = 0;

  /** @param step milliseconds; undefined: no timeline */
  constructor(step: number | undefined) {
    this.#step = step;
  }

  /** @param since when its time began to count, as `performance.now()` said */
  take(isWrite: boolean, status: number, since: number): void {
    const now = performance.now();
    this.#times.take((now - since) * 1000);
    this.#statuses.set(status, (this.#statuses.get(status) ?? 0) + 1);
    if (isWrite) this.#writes++;
    else this.#reads++;
    if (status === 200 && now - since <= IN_TIME) this.#inTime++;
    if (this.#step !== undefined) this.#mark(this.#step, isWrite, status, since, now);
  }

  get load(): Load {
    const { user, system } = process.cpuUsage(this.#cpu);
    return {
      began: performance.timeOrigin + this.#began,
      seconds: (performance.now() - this.#began) / 1000,
      requests: this.#reads + this.#writes,
      reads: this.#reads,
      writes: this.#writes,
      inTime: this.#inTime,
      statuses: Object.fromEntries(this.#statuses),
      latency: this.#times.latency,
      cpu: user + system,
      timeline: this.#timeline,
    };
  }

  /** By when it was sent: what is asked during an outage belongs there, however long the answer takes. */
  #mark(step: number, isWrite: boolean, status: number, sent: number, now: number): void {
    const index = Math.floor((sent - this.#began) / step);
    while (this.#timeline.length <= index) this.#timeline.push(noCounts());
    const counts = this.#timeline[index];
    counts[outcomeOf(isWrite, status)]++;
    counts.longest = Math.max(counts.longest, now - sent);
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
