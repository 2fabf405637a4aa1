/** What a server takes while it is under load, again and again, and whether that grows. */
import type { Latency } from '../load/orders.js';
import { KINDS, type Kind, type Tally } from './tally.js';

/** Worker threads of the server. */
export const WORKERS = 2;

/** What is watched for growth. */
export const WATCHED = ['residentBytes', 'heapBytes', 'openFiles', 'connections'] as const;
export type Watched = (typeof WATCHED)[number];

export interface Sample extends Readonly<Record<Watched, number>> {
  /** Since the beginning of the phase. */
  readonly seconds: number;
  /** Per second, since the last sample. */
  readonly rate: number;
  readonly latency: Latency;
  /** Of each worker; `heapBytes` is all of them. */
  readonly heaps: readonly number[];
  readonly restarts: number;
  readonly evictions: number;
  /** Since the beginning of the phase. */
  readonly counts: Readonly<Record<Kind, number>>;
}

/** Takes one after another. */
export class Sampler {
  readonly #port: number;
  readonly #tally: Tally;
  readonly #began = performance.now();
  #lastAt = this.#began;
  #lastOperations = 0;
  readonly samples: Sample[] = [];

  constructor(port: number, tally: Tally) {
    this.#port = port;
    this.#tally = tally;
  }

  /** Leaves one out when the server does not answer: the worker that was asked may just have died. */
  async take(): Promise<void> {
    const figures = await figuresOf(this.#port).catch(() => undefined);
    if (figures === undefined) return;
    const now = performance.now();
    const { operations, counts } = this.#tally;
    const heaps = Array.from({ length: WORKERS }, (_, worker) =>
      figure(figures, `nodejs_heap_size_used_bytes{worker="${worker}"}`),
    );
    this.samples.push({
      seconds: (now - this.#began) / 1000,
      rate: ((operations - this.#lastOperations) * 1000) / (now - this.#lastAt),
      latency: this.#tally.takeLatency(),
      residentBytes: figure(figures, 'process_resident_memory_bytes'),
      heaps,
      heapBytes: heaps.reduce((sum, heap) => sum + heap, 0),
      openFiles: figure(figures, 'process_open_fds'),
      connections: figure(figures, 'hotshard_connections'),
      restarts: figure(figures, 'hotshard_worker_restarts_total'),
      evictions: figure(figures, 'hotshard_evictions_total'),
      counts: Object.fromEntries(KINDS.map((kind) => [kind, counts[kind]])) as Record<Kind, number>,
    });
    this.#lastAt = now;
    this.#lastOperations = operations;
  }
}

export interface Growth {
  /** Means of the first and the last half of the samples, warming up left out. */
  readonly first: number;
  readonly last: number;
  /** A minute, by the line that fits all of them best (least squares). */
  readonly perMinute: number;
  readonly isTooMuch: boolean;
}

/** Share of a phase in which what is watched may still fill up. */
const WARM_UP = 1 / 3;

/** Growth that is borne from the first half to the last: a share of the first, and something besides. */
const BOUNDS: Readonly<Record<Watched, { readonly share: number; readonly besides: number }>> = {
  residentBytes: { share: 0.15, besides: 24 * 2 ** 20 },
  heapBytes: { share: 0.3, besides: 16 * 2 ** 20 },
  openFiles: { share: 0.1, besides: 16 },
  connections: { share: 0.1, besides: 16 },
};

/** Undefined where there are too few samples. */
export function growthOf(samples: readonly Sample[], watched: Watched): Growth | undefined {
  const end = samples.at(-1)?.seconds ?? 0;
  const settled = samples.filter(({ seconds }) => seconds >= end * WARM_UP);
  if (settled.length < 4) return undefined;
  const values = settled.map((sample) => sample[watched]);
  const half = Math.floor(values.length / 2);
  const first = mean(values.slice(0, half));
  const last = mean(values.slice(-half));
  const { share, besides } = BOUNDS[watched];
  const slope = slopeOf(
    settled.map(({ seconds }) => seconds),
    values,
  );
  return { first, last, perMinute: slope * 60, isTooMuch: last > first * (1 + share) + besides };
}

function slopeOf(xs: readonly number[], ys: readonly number[]): number {
  const x = mean(xs);
  const y = mean(ys);
  const products = xs.map((one, i) => (one - x) * ((ys[i] ?? 0) - y));
  const squares = xs.map((one) => (one - x) ** 2);
  return mean(products) / mean(squares);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What `/metrics` says, by the name of the series with its labels. */
async function figuresOf(port: number): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } });
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const blank = line.lastIndexOf(' ');
      return [line.slice(0, blank), Number(line.slice(blank + 1))];
    }),
  );
}

function figure(figures: ReadonlyMap<string, number>, name: string): number {
  return figures.get(name) ?? Number.NaN;
}
