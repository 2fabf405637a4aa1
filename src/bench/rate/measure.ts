/** How latency grows with the rate of requests, up to more than the servers can do: the two of a pair, in turn. */
import { alternate } from '../alternate.js';
import type { Row } from '../files.js';
import { LoadClient } from '../load/client.js';
import { measureLoad, measurePaced, type PacedRound } from '../load/measured.js';
import type { Order } from '../load/orders.js';
import { type StartedServer, startHotshard } from '../load/server.js';
import { type Progress, showProgress } from '../progress.js';
import type { Report } from '../sections.js';
import { spreadOf } from '../spread.js';
import { countText, textTable } from '../text-table.js';
import type { RateOptions } from './options.js';
import type { Pair, Variant } from './pairs.js';

export interface RateResult {
  readonly variant: string;
  /** Requests that were due per second. */
  readonly rate: number;
  readonly rounds: readonly PacedRound[];
}

export interface PairResult {
  readonly workers: number;
  readonly connections: number;
  readonly keys: number;
  readonly seconds: number;
  /** In order of the rates. */
  readonly results: readonly RateResult[];
}

interface Extent {
  readonly connections: number;
  readonly keys: number;
}

const FULL: Extent = { connections: 64, keys: 10_000 };
const QUICK: Extent = { connections: 8, keys: 200 };

const READS = 0.8;
const SEED = 20_261_121;

/** Seconds of as much load as the connections can do, to find out how much that is. */
const PROBE = 1;

const LEAST_RATE = 500;
/** Of what the faster of a pair can do: finer where queues grow, and on until answers come too late. */
const SHARES = [0.1, 0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1, 1.2, 1.5, 2];
const QUICK_SHARES = [0.1, 0.5];

export async function measurePair(pair: Pair, options: RateOptions): Promise<Report<PairResult>> {
  const extent = options.quick ? QUICK : FULL;
  const load = await LoadClient.start();
  const servers: StartedServer[] = [];
  const sweep = new Sweep(load, extent);
  try {
    const subjects: Subject[] = [];
    for (const variant of pair.variants) {
      const server = await startHotshard(['--workers', String(pair.workers), ...variant.flags], pair.core);
      servers.push(server);
      subjects.push({ variant, server });
    }
    const probe = Math.min(PROBE, options.seconds);
    const capacities: number[] = [];
    for (const subject of subjects) capacities.push(await sweep.capacityOf(subject, probe));
    const rates = options.rates ?? ladder(Math.max(...capacities), options.quick);
    const results = await sweep.measure(subjects, rates, options);
    const { workers } = pair;
    const result = { workers, ...extent, seconds: options.seconds, results };
    return { result, rows: rowsOf(result), text: textOf(result) };
  } finally {
    await Promise.all([load, ...servers].map((one) => one.stop()));
  }
}

/** Rates that are easy to read, ascending. */
function ladder(capacity: number, quick: boolean): number[] {
  const shares = (quick ? QUICK_SHARES : SHARES).map((share) => Number((share * capacity).toPrecision(2)));
  const rates = quick ? shares.map((rate) => Math.max(1, Math.round(rate))) : [LEAST_RATE, ...shares];
  return [...new Set(rates)].filter((rate) => quick || rate >= LEAST_RATE).sort((a, b) => a - b);
}

interface Subject {
  readonly variant: Variant;
  readonly server: StartedServer;
}

class Sweep {
  readonly #load: LoadClient;
  readonly #extent: Extent;
  #seed = SEED;

  constructor(load: LoadClient, extent: Extent) {
    this.#load = load;
    this.#extent = extent;
  }

  /** Requests per second. Writes every key before. */
  async capacityOf(subject: Subject, seconds: number): Promise<number> {
    const target = this.#targetOf(subject);
    await this.#load.run({ ...target, kind: 'each', operation: 'write' });
    const mix: Order = { ...target, kind: 'mix', seconds };
    return (await measureLoad(this.#measured(subject), mix)).rate;
  }

  async measure(
    subjects: readonly Subject[],
    rates: readonly number[],
    { rounds, seconds }: RateOptions,
  ): Promise<RateResult[]> {
    const points = rates.flatMap((rate) => subjects.map((subject) => ({ rate, subject })));
    const progress = showProgress(points.length * rounds * seconds);
    try {
      const turns = points.map((point) => [point, () => this.#round(point, seconds, progress)] as const);
      const measured = await alternate(new Map(turns), rounds, 0);
      return [...measured].map(([{ rate, subject }, all]) => ({
        ...{ variant: subject.variant.name, rate, rounds: all },
      }));
    } finally {
      progress.stop();
    }
  }

  #round(
    { rate, subject }: { readonly rate: number; readonly subject: Subject },
    seconds: number,
    progress: Progress,
  ): Promise<PacedRound> {
    progress.begin(`${subject.variant.name}, ${rate} requests/s`, seconds);
    const order = { ...this.#targetOf(subject), kind: 'paced', rate, seconds } as const;
    return measurePaced(this.#measured(subject), order);
  }

  #measured({ server }: Subject) {
    return { load: this.#load, server, redis: undefined, hasStats: true };
  }

  #targetOf({ server, variant: { dialect } }: Subject) {
    const { connections, keys } = this.#extent;
    const workload = { dialect, keys, reads: READS, exponent: 0, seed: this.#seed++ };
    return { port: server.port, connections, workload };
  }
}

/** The first columns are those of the sweeps of other systems, in microseconds. */
function rowsOf({ workers, connections, keys, seconds, results }: PairResult): Row[] {
  return results.flatMap(({ variant, rate, rounds }) =>
    rounds.map((round, i) => ({
      rate,
      latency_mean: round.latency.mean.toFixed(0),
      latency_p95: round.latency.p95,
      latency_p99: round.latency.p99,
      success_rate: round.successRate.toFixed(5),
      ...{ variant, round: i + 1, achieved_rate: answeredOf(round).toFixed(0) },
      latency_p50: round.latency.p50,
      latency_p90: round.latency.p90,
      latency_p999: round.latency.p999,
      latency_max: round.latency.max,
      cpu_us_per_request: round.cpu.toFixed(2),
      server_cores: round.serverCores.toFixed(3),
      load_cores: round.loadCores.toFixed(3),
      resident_bytes: round.resident,
      ...{ requests: round.requests, failures: round.failures },
      ...{ workers, connections, keys, seconds },
    })),
  );
}

function textOf({ workers, connections, keys, seconds, results }: PairResult): string {
  const median = (rounds: readonly PacedRound[], value: (round: PacedRound) => number) =>
    spreadOf(rounds.map(value)).median;
  const cells = results.map(({ variant, rate, rounds }) => [
    variant,
    countText(rate),
    ...(['mean', 'p50', 'p95', 'p99', 'max'] as const).map((name) =>
      countText(Math.round(median(rounds, ({ latency }) => latency[name]))),
    ),
    (100 * median(rounds, ({ successRate }) => successRate)).toFixed(2),
    countText(Math.round(median(rounds, answeredOf))),
    median(rounds, ({ cpu }) => cpu).toFixed(1),
  ]);
  return [
    `${workers === 1 ? '1 worker' : `${workers} workers`}, ${connections} connections, ${countText(keys)} keys, ${100 * READS} % reads, rounds of ${seconds} s; medians. Latency in µs, from when a request was due.\n`,
    'In time: answered 200 within 2 s of being due, in percent. CPU: of the server per request, µs.\n\n',
    textTable([['', 'due/s', 'mean', 'p50', 'p95', 'p99', 'max', 'in time', 'done/s', 'CPU'], ...cells]),
  ].join('');
}

/** Requests per second that were answered 200. */
function answeredOf({ rate, requests, failures }: PacedRound): number {
  return (rate * (requests - failures)) / requests;
}
