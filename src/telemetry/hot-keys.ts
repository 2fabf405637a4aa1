/**
 * The keys that all workers together access most, for `/stats?hot`. Nobody samples accesses until somebody asks; then
 * all workers do, until nobody has asked for a minute. Who is asked waits until a second has been sampled, adds up what the
 * others tell by a channel that all of them listen to, and leaves out those that are gone or too busy.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { type FrequentKeysRecord, merged } from './frequent-keys.js';
import { type KeySampler, keySampler, MEAN_GAP, type Sample } from './key-sampler.js';

/** Milliseconds that workers go on sampling after the last question. */
const SAMPLING_TIME = 60_000;
/** Milliseconds that an answer tells of at least. */
const LEAST_DURATION = 1000;
/** Milliseconds that the other workers have to answer. */
const ANSWER_LIMIT = 250;

/** Keys that `/stats?hot` lists, at least, at most, and unless told otherwise. */
export const HOT_LEAST = 1;
export const HOT_MOST = 1000;
export const HOT_DEFAULT = 20;

export interface HotKey {
  /** Bytes that are not UTF-8 are shown as U+FFFD. */
  readonly key: string;
  /** Of all accesses, 0 to 1. */
  readonly share: number;
  /** Accesses, estimated; reads and writes together. */
  readonly count: number;
  /** By how much `count` may be too large for want of room, beside the error of sampling. */
  readonly error: number;
}

/** What `/stats?hot` has beside the counters. */
export interface HotKeysReport {
  /** The most accessed first. */
  readonly hot: readonly HotKey[];
  readonly hotSampling: {
    /** That the list tells of. */
    readonly seconds: number;
    /** Accesses noted: one of `gap`, on average. */
    readonly samples: number;
    readonly gap: number;
    /** That have answered. */
    readonly workers: number;
  };
}

/** Sent by one who wants samples to be taken, and if it has a number, to be told. */
interface Question {
  readonly from: number;
  /** Tells the questions of a worker apart; undefined: only sampling shall begin. */
  readonly number: number | undefined;
}

interface Answer {
  readonly to: number;
  readonly number: number;
  readonly sample: Sample;
}

/** Answers that are waited for. */
interface Collection {
  readonly samples: Sample[];
  readonly complete: () => void;
}

export interface HotKeysParts {
  /** Names this run of the process. */
  readonly runId: string;
  /** From 0. */
  readonly worker: number;
  readonly workers: number;
  /** Absent: the thread's; another one is for tests. */
  readonly sampler?: KeySampler;
}

/** One per worker. To be ended by `stop`. */
export class HotKeys {
  readonly #worker: number;
  readonly #workers: number;
  readonly #sampler: KeySampler;
  readonly #channel: BroadcastChannel;
  readonly #collections = new Map<number, Collection>();
  #questions = 0;
  #end: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor({ runId, worker, workers, sampler = keySampler }: HotKeysParts) {
    this.#worker = worker;
    this.#workers = workers;
    this.#sampler = sampler;
    this.#channel = new BroadcastChannel(`hotshard-hot-keys-${runId}`);
    this.#channel.onmessage = (message): void => {
      // Nobody but the workers of this process knows the channel's name.
      this.#receive((message as { data: Question | Answer }).data);
    };
    this.#channel.unref();
  }

  /**
   * The most accessed keys of all workers. The first question takes a second.
   *
   * @param most how many keys, {@link HOT_LEAST} to {@link HOT_MOST}
   */
  async report(most: number): Promise<HotKeysReport> {
    this.#sample();
    const missing = LEAST_DURATION - this.#sampler.take().duration;
    if (missing > 0 && !this.#isStopped) {
      this.#send({ from: this.#worker, number: undefined });
      await new Promise((resolve) => setTimeout(resolve, missing));
    }
    return reportOf([this.#sampler.take(), ...(await this.#ask())], most);
  }

  /** Samples, asks and answers nothing any more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#end);
    this.#sampler.stop();
    this.#channel.close();
    for (const collection of this.#collections.values()) collection.complete();
  }

  #sample(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#end);
    this.#end = setTimeout(() => this.#sampler.stop(), SAMPLING_TIME).unref();
    this.#sampler.start();
  }

  async #ask(): Promise<readonly Sample[]> {
    if (this.#isStopped || this.#workers === 1) return [];
    const number = this.#questions++;
    const samples: Sample[] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_LIMIT);
      const complete = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#collections.set(number, { samples, complete });
      this.#send({ from: this.#worker, number });
    });
    this.#collections.delete(number);
    return samples;
  }

  #send(message: Question | Answer): void {
    this.#channel.postMessage(message);
  }

  #receive(message: Question | Answer): void {
    if ('sample' in message) {
      if (message.to === this.#worker) this.#collect(message);
      return;
    }
    this.#sample();
    const { from: to, number } = message;
    if (number !== undefined) this.#send({ to, number, sample: this.#sampler.take() });
  }

  #collect({ number, sample }: Answer): void {
    const collection = this.#collections.get(number);
    if (collection === undefined) return;
    if (collection.samples.push(sample) === this.#workers - 1) collection.complete();
  }
}

function reportOf(samples: readonly Sample[], most: number): HotKeysReport {
  const records: FrequentKeysRecord[] = samples.flatMap(({ windows }) => windows);
  const total = records.reduce((sum, record) => sum + record.total, 0);
  return {
    hot: merged(records)
      .slice(0, most)
      .map(({ key, count, error }) => ({
        key: Buffer.from(key, 'latin1').toString('utf8'),
        share: count / total,
        count: count * MEAN_GAP,
        error: error * MEAN_GAP,
      })),
    hotSampling: {
      seconds: Math.max(...samples.map(({ duration }) => duration)) / 1000,
      samples: total,
      gap: MEAN_GAP,
      workers: samples.length,
    },
  };
}
