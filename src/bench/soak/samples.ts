/** What a server takes while it is under load, again and again: what is watched for growth, and what is told beside it. */
import { readdirSync } from 'node:fs';
import type { Latency } from '../load/orders.js';
import type { Borne } from './growth.js';
import { KINDS, type Kind, type Tally } from './tally.js';

/** Worker threads of the server. */
export const WORKERS = 2;

const MB = 1e6;

/** What is watched for growth, and how much of it is borne (growth.ts says what that means). */
export const WATCHED = {
  /**
   * The heaps of workers, which are most of it beside the map, differ by this much from one moment to the next. Over the
   * four minutes of `calm` in a run of ten it is 2 MB a minute. Where workers die, noise is what decides.
   */
  residentBytes: { atLeast: 8 * MB, share: 0.03 },
  /** Of all workers together, and only where they live: a new worker's grows until its first collection of old objects. */
  heapBytes: { atLeast: 12 * MB, share: 0.1 },
  /** Of clients, of which there are always about as many, nearly all. */
  openFiles: { atLeast: 4, share: 0 },
  connections: { atLeast: 4, share: 0 },
  threads: { atLeast: 2, share: 0 },
  /** CPU time of the whole server by operations: what gets slower, whatever else the machine does. */
  cpuMicroseconds: { atLeast: 0, share: 0.25 },
  /** Others have their part in it: they may come or go during a run. */
  p99Microseconds: { atLeast: 1_000, share: 0.5 },
} as const satisfies Readonly<Record<string, Borne>>;

export type Watched = keyof typeof WATCHED;
export const ALL_WATCHED = Object.keys(WATCHED) as readonly Watched[];

export interface Sample extends Readonly<Record<Watched, number>> {
  /** Since the beginning of the phase. */
  readonly seconds: number;
  /** Whether the server had settled before, and the load had not ended: only then a sample is judged. */
  readonly isSettled: boolean;
  /** Per second, since the last sample. */
  readonly rate: number;
  readonly latency: Latency;
  /** Of each worker; `heapBytes` is all of them. */
  readonly heaps: readonly number[];
  /** Workers that died, and outages of Redis, since the beginning of the phase. */
  readonly restarts: number;
  readonly outages: number;
  readonly evictions: number;
  /** Since the beginning of the phase. */
  readonly counts: Readonly<Record<Kind, number>>;
}

export interface SamplerParts {
  /** Of HTTP. */
  readonly port: number;
  readonly tally: Tally;
  /** Of Redis, so far. */
  readonly outages: () => number;
}

/** Takes one after another. */
export class Sampler {
  readonly #port: number;
  readonly #tally: Tally;
  readonly #outages: () => number;
  readonly #pid: number;
  readonly #began = performance.now();
  #lastAt = this.#began;
  #lastOperations = 0;
  #lastCpu = 0;
  /** Whether the samples from now on are judged: the server has settled, and the load goes on. */
  isSettled = false;
  readonly samples: Sample[] = [];

  private constructor({ port, tally, outages }: SamplerParts, pid: number) {
    this.#port = port;
    this.#tally = tally;
    this.#outages = outages;
    this.#pid = pid;
  }

  static async start(parts: SamplerParts): Promise<Sampler> {
    const { pid } = (await (await askFor(parts.port, '/stats')).json()) as { readonly pid: number };
    return new Sampler(parts, pid);
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
    const cpu = figure(figures, 'process_cpu_seconds_total');
    const done = operations - this.#lastOperations;
    const latency = this.#tally.takeLatency();
    this.samples.push({
      seconds: (now - this.#began) / 1000,
      isSettled: this.isSettled,
      rate: (done * 1000) / (now - this.#lastAt),
      latency,
      residentBytes: figure(figures, 'process_resident_memory_bytes'),
      heaps,
      heapBytes: heaps.reduce((sum, heap) => sum + heap, 0),
      openFiles: figure(figures, 'process_open_fds'),
      connections: figure(figures, 'hotshard_connections'),
      threads: threadsOf(this.#pid),
      cpuMicroseconds: done === 0 ? Number.NaN : ((cpu - this.#lastCpu) * 1e6) / done,
      p99Microseconds: done === 0 ? Number.NaN : latency.p99,
      restarts: figure(figures, 'hotshard_worker_restarts_total'),
      outages: this.#outages(),
      evictions: figure(figures, 'hotshard_evictions_total'),
      counts: Object.fromEntries(KINDS.map((kind) => [kind, counts[kind]])) as Record<Kind, number>,
    });
    this.#lastAt = now;
    this.#lastOperations = operations;
    this.#lastCpu = cpu;
  }
}

/** What `/metrics` says, by the name of the series with its labels. */
async function figuresOf(port: number): Promise<ReadonlyMap<string, number>> {
  const answer = await askFor(port, '/metrics');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const blank = line.lastIndexOf(' ');
      return [line.slice(0, blank), Number(line.slice(blank + 1))];
    }),
  );
}

function askFor(port: number, path: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
}

function figure(figures: ReadonlyMap<string, number>, name: string): number {
  return figures.get(name) ?? Number.NaN;
}

/** NaN where the system does not tell. */
function threadsOf(pid: number): number {
  try {
    return readdirSync(`/proc/${pid}/task`).length;
  } catch {
    return Number.NaN;
  }
}
