/**
 * Requests by protocol, operation and status, and how long they took: cells in shared memory, a row per worker, which any
 * worker can read. The combinations are few and fixed, so that counting one is adding to a cell whose number is known.
 */
import { CELLS_PER_LINE, Cells } from './cells.js';

const HTTP = {
  operations: ['get', 'set', 'delete', 'lookup', 'other'],
  /** `none`: the client was gone before there was an answer. */
  statuses: ['2xx', '4xx', '5xx', 'none'],
} as const;

/** What there is to tell apart, by protocol. */
const KINDS = {
  http1: HTTP,
  http2: HTTP,
  resp: { operations: ['read', 'write', 'other'], statuses: ['ok', 'error'] },
} as const;

type Kinds = typeof KINDS;
export type Protocol = keyof Kinds;
export type Operation<P extends Protocol = Protocol> = Kinds[P]['operations'][number];
export type Status<P extends Protocol = Protocol> = Kinds[P]['statuses'][number];
export type HttpProtocol = 'http1' | 'http2';

export const PROTOCOLS = Object.keys(KINDS) as readonly Protocol[];

/** Requests that are counted together. */
export interface Series {
  readonly protocol: Protocol;
  readonly operation: Operation;
  readonly status: Status;
}

/** All there are; the number of one is its place here. */
export const SERIES: readonly Series[] = PROTOCOLS.flatMap((protocol) =>
  KINDS[protocol].operations.flatMap((operation) =>
    KINDS[protocol].statuses.map((status) => ({ protocol, operation, status })),
  ),
);

const NUMBERS: ReadonlyMap<string, number> = new Map(
  SERIES.map(({ protocol, operation, status }, number) => [`${protocol} ${operation} ${status}`, number]),
);

/** The number of a series. To be looked up in advance where requests are many. */
export function seriesOf<P extends Protocol>(
  protocol: P,
  operation: Operation<P>,
  status: Status<P>,
): number {
  const number = NUMBERS.get(`${protocol} ${operation} ${status}`);
  if (number === undefined) throw new RangeError(`no such requests: ${protocol} ${operation} ${status}`);
  return number;
}

/** Upper bounds of the histogram's buckets, in seconds, inclusive; above the last there is one more bucket. */
export const BUCKETS: readonly number[] = [
  ...[0.000_001, 0.000_0025, 0.000_005, 0.000_01, 0.000_025, 0.000_05],
  ...[0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

const BOUNDS = Float64Array.from(BUCKETS, (seconds) => seconds * 1000);
/** In a millisecond. */
const NANOSECONDS = 1e6;

/** Of a protocol: its buckets, the one above them, and the sum. */
const CELLS_PER_HISTOGRAM = BUCKETS.length + 2;
const SUM = BUCKETS.length + 1;
const ROW_CELLS =
  Math.ceil((SERIES.length + PROTOCOLS.length * CELLS_PER_HISTOGRAM) / CELLS_PER_LINE) * CELLS_PER_LINE;

const HISTOGRAM_OF = Object.fromEntries(
  PROTOCOLS.map((protocol, index) => [protocol, SERIES.length + index * CELLS_PER_HISTOGRAM]),
) as Readonly<Record<Protocol, number>>;

/** Of one protocol, over all workers. */
export interface Histogram {
  /** Requests per bucket, and those above the last bound. */
  readonly counts: readonly number[];
  readonly seconds: number;
}

/** Structured-cloneable: what another thread attaches to. */
export interface RequestCountersHandle {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
}

export class RequestCounters {
  readonly #buffer: SharedArrayBuffer;
  readonly #workers: number;
  readonly #cells: Cells;

  private constructor({ buffer, workers }: RequestCountersHandle) {
    this.#buffer = buffer;
    this.#workers = workers;
    this.#cells = new Cells(buffer);
  }

  /** @param workers at least 1 */
  static create(workers: number): RequestCounters {
    return new RequestCounters({
      buffer: new SharedArrayBuffer(Cells.bytes(workers * ROW_CELLS)),
      workers,
    });
  }

  static attach(handle: RequestCountersHandle): RequestCounters {
    return new RequestCounters(handle);
  }

  get handle(): RequestCountersHandle {
    return { buffer: this.#buffer, workers: this.#workers };
  }

  /** Counts requests of a series in the caller's own row. `worker` is its index, from 0. */
  served(worker: number, series: number, requests = 1): void {
    this.#cells.add(worker * ROW_CELLS + series, requests);
  }

  /**
   * Says how long each of some requests took. Requests that were read together and answered by one write took the same
   * time, each of them the whole of it: one call is enough for them.
   *
   * @param milliseconds a difference of `performance.now()`
   */
  took(worker: number, protocol: Protocol, requests: number, milliseconds: number): void {
    const at = worker * ROW_CELLS + HISTOGRAM_OF[protocol];
    let bucket = 0;
    while (bucket < BOUNDS.length && milliseconds > BOUNDS[bucket]) bucket++;
    this.#cells.add(at + bucket, requests);
    this.#cells.add(at + SUM, Math.round(milliseconds * NANOSECONDS) * requests);
  }

  /** Requests of a series, over all workers. */
  total(series: number): number {
    return this.#sum(series);
  }

  /** Requests by a protocol, over all workers. */
  totalBy(protocol: Protocol): number {
    return SERIES.reduce(
      (sum, series, number) => sum + (series.protocol === protocol ? this.#sum(number) : 0),
      0,
    );
  }

  histogram(protocol: Protocol): Histogram {
    const at = HISTOGRAM_OF[protocol];
    return {
      counts: Array.from({ length: BUCKETS.length + 1 }, (_, bucket) => this.#sum(at + bucket)),
      seconds: this.#sum(at + SUM) / 1e9,
    };
  }

  #sum(cell: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.#workers; worker++) sum += this.#cells.read(worker * ROW_CELLS + cell);
    return sum;
  }
}

/**
 * The time that a share of the requests did not exceed, in seconds: estimated as if they were spread evenly within each
 * bucket. Where it lies above the last bound it is that bound. Undefined without requests.
 *
 * @param share 0 to 1
 */
export function percentile({ counts }: Pick<Histogram, 'counts'>, share: number): number | undefined {
  const wanted = share * counts.reduce((sum, count) => sum + count, 0);
  if (wanted === 0) return undefined;
  let below = 0;
  for (const [bucket, bound] of BUCKETS.entries()) {
    const count = counts[bucket];
    if (count > 0 && below + count >= wanted) {
      const lower = BUCKETS[bucket - 1] ?? 0;
      return lower + ((wanted - below) / count) * (bound - lower);
    }
    below += count;
  }
  return BUCKETS.at(-1);
}
