/**
 * The rounds of the standard benchmark. Throughput is what autocannon gets in a closed loop; latency is measured apart from
 * that, by an open loop at a rate that the server can keep up with: a server that is given as much as it can take answers
 * late whatever it is.
 */
import { alternate } from '../alternate.js';
import { LoadClient, LoadError } from '../load/client.js';
import {
  type LoadRound,
  measureLoad,
  measureThroughput,
  type RoundCost,
  type Subject,
} from '../load/measured.js';
import { authorityOf, failuresOf, type Target } from '../load/orders.js';
import type { Mix } from '../load/requests.js';
import { type Progress, showProgress } from '../progress.js';
import { BenchFailure } from './failure.js';
import type { BenchOptions, Rate } from './options.js';
import type { BenchTarget } from './target.js';

export interface BenchRounds {
  readonly throughput: readonly RoundCost[];
  readonly latency: readonly LoadRound[];
  /** Requests per second that were due in those of latency. */
  readonly rate: number;
}

/** Seconds before the measured rounds, at most. */
const WARM_UP = 2;
const SEED = 20_261_121;

/** @throws {BenchFailure | ClientError} when the server can't be filled, or does not last */
export async function measureRounds(target: BenchTarget, options: BenchOptions): Promise<BenchRounds> {
  const { duration, rounds } = options;
  const progress = showProgress(2 * warmUpOf(options) + 2 * rounds * duration);
  const loads: LoadClient[] = [];
  try {
    // A process for each, so that what one leaves behind is not in the way of the other.
    loads.push(...(await Promise.all([LoadClient.start(), LoadClient.start()])));
    const [cannon, paced] = loads;
    return await new Run(target, options, progress, cannon, paced).measure();
  } catch (error) {
    await target.assertAlive();
    if (error instanceof LoadError) {
      throw new BenchFailure(`the load could not go on: ${error.message}`, { cause: error });
    }
    throw error;
  } finally {
    progress.stop();
    await Promise.all(loads.map((load) => load.stop()));
  }
}

function warmUpOf({ duration }: BenchOptions): number {
  return Math.min(WARM_UP, duration);
}

class Run {
  readonly #target: BenchTarget;
  readonly #options: BenchOptions;
  readonly #progress: Progress;
  readonly #cannon: LoadClient;
  readonly #paced: LoadClient;
  readonly #address: Target;
  #seed = SEED;
  /** Of what is due per second: known once throughput was measured for the first time. */
  #rate: number | undefined;

  constructor(
    target: BenchTarget,
    options: BenchOptions,
    progress: Progress,
    cannon: LoadClient,
    paced: LoadClient,
  ) {
    this.#target = target;
    this.#options = options;
    this.#progress = progress;
    this.#cannon = cannon;
    this.#paced = paced;
    const { host, port } = target.server;
    this.#address = { host, port, connections: options.connections };
  }

  async measure(): Promise<BenchRounds> {
    const { duration, rounds } = this.#options;
    await this.#fill();
    const warmUp = warmUpOf(this.#options);
    this.#progress.begin('warming up', warmUp);
    await this.#throughput(warmUp);
    const throughput: RoundCost[] = [];
    const latency: LoadRound[] = [];
    const begin = (part: string, done: number) =>
      this.#progress.begin(`round ${done + 1} of ${rounds}: ${part}`, duration);
    await alternate(
      new Map([
        [
          'throughput',
          async () => {
            begin('throughput', throughput.length);
            throughput.push(await this.#throughput(duration));
          },
        ],
        [
          'latency',
          async () => {
            const rate = this.#rate ?? (await this.#chooseRate(throughput[0].rate));
            begin(`latency at ${rate} requests/s`, latency.length);
            latency.push(await this.#latency(rate, duration));
          },
        ],
      ]),
      rounds,
      0,
    );
    return { throughput, latency, rate: this.#rate ?? Number.NaN };
  }

  async #fill(): Promise<void> {
    this.#progress.begin('writing every key', 0);
    const order = { kind: 'each', operation: 'write', workload: this.#workload() } as const;
    const counts = await this.#paced.run({ ...order, ...this.#address });
    const failures = failuresOf(counts);
    if (failures === 0) return;
    await this.#target.assertAlive();
    const statuses = Object.keys(counts.statuses).filter((status) => status !== '200');
    const answers = statuses.map((status) => (status === '0' ? 'nothing' : status)).join(', ');
    throw new BenchFailure(
      `the server answered ${answers} to ${failures} of the ${counts.requests} writes that every key begins with`,
    );
  }

  async #throughput(seconds: number): Promise<RoundCost> {
    const order = { kind: 'autocannon', seconds, workload: this.#workload() } as const;
    const round = await measureThroughput(this.#subject(this.#cannon), { ...order, ...this.#address });
    await this.#check(round);
    return round;
  }

  /** The same in all rounds, so that they can be compared. */
  async #chooseRate(throughput: number): Promise<number> {
    const rate = rateOf(this.#options.rate, throughput);
    this.#rate = rate;
    const warmUp = warmUpOf(this.#options);
    this.#progress.begin('warming up', warmUp);
    await this.#latency(rate, warmUp);
    return rate;
  }

  async #latency(rate: number, seconds: number): Promise<LoadRound> {
    const order = { kind: 'paced', rate, seconds, workload: this.#workload() } as const;
    const round = await measureLoad(this.#subject(this.#paced), { ...order, ...this.#address });
    await this.#check(round);
    return round;
  }

  /** Failures may be a server that is gone, or one that refuses a part of the load: that is counted. */
  async #check({ requests, failures, absent }: RoundCost): Promise<void> {
    if (failures > absent) await this.#target.assertAlive();
    if (failures - absent === requests) {
      throw new BenchFailure('the server answered none of the requests with 200 or 404');
    }
  }

  #subject(load: LoadClient): Subject {
    const { server, about } = this.#target;
    return { load, server, redis: undefined, hasStats: about !== undefined };
  }

  #workload(): Mix {
    const { keys, valueSize, ratio } = this.#options;
    const { token } = this.#options;
    return {
      ...{ dialect: 'hotshard', keys, valueSize, reads: ratio, exponent: 0, seed: this.#seed++ },
      headers: {
        Host: authorityOf(this.#address),
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      },
    };
  }
}

function rateOf(rate: Rate, throughput: number): number {
  if (rate.kind === 'fixed') return rate.requests;
  return Math.max(1, Number((rate.share * throughput).toPrecision(3)));
}
