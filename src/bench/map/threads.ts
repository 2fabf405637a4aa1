/** Section "threads": what a second thread brings, with both guards, and beside that what the machine lets it bring. */
import type { Worker } from 'node:worker_threads';
import { alternate, WARM_UP_ROUNDS } from '../alternate.js';
import type { Row } from '../files.js';
import { type Spread, spreadOf } from '../spread.js';
import { countText, range, textTable } from '../text-table.js';
import { type CrewOrder, type CrewThreadOptions, MIX_NAMES, type Mix, type Share } from './crew-thread.js';
import { makeData } from './data.js';
import { ask, endThreads, startThread } from './rounds.js';
import type { Report, Scale } from './section.js';
import { ratiosOf } from './statistics.js';
import { THREAD_CONTENDER_NAMES, THREAD_CONTENDERS, type ThreadContenderName } from './thread-maps.js';

/** One round of all threads together. */
export interface ThreadRound {
  /** Millions of operations per second, of all threads. */
  readonly rate: number;
  /** Nanoseconds of CPU time of the process per operation. */
  readonly cpu: number;
}

export interface ThreadsLine {
  readonly mix: Mix;
  readonly contender: ThreadContenderName;
  readonly one: readonly ThreadRound[];
  readonly two: readonly ThreadRound[];
  /** Of the rates of two threads and one, round by round. */
  readonly ratio: Spread;
}

export interface ThreadsResult {
  readonly keys: number;
  readonly valueSize: number;
  /** Of a round. */
  readonly milliseconds: number;
  readonly results: readonly ThreadsLine[];
}

const THREADS = 2;
const KEYS = 100_000;
const VALUE_SIZE = 35;
const MILLISECONDS = 200;
const SEED = 20;

export async function measureThreads({ rounds, quick }: Scale): Promise<Report<ThreadsResult>> {
  const keys = quick ? KEYS / 10 : KEYS;
  const milliseconds = quick ? MILLISECONDS / 10 : MILLISECONDS;
  const crews = new Map<ThreadContenderName, Crew>();
  try {
    for (const name of THREAD_CONTENDER_NAMES) crews.set(name, await Crew.of(name, keys));
    const results: ThreadsLine[] = [];
    for (const mix of MIX_NAMES) results.push(...(await measureMix(crews, mix, milliseconds, rounds)));
    const result = { keys, valueSize: VALUE_SIZE, milliseconds, results };
    return { result, rows: rowsOf(result), text: threadsText(result) };
  } finally {
    for (const crew of crews.values()) await crew.end();
  }
}

async function measureMix(
  crews: ReadonlyMap<ThreadContenderName, Crew>,
  mix: Mix,
  milliseconds: number,
  rounds: number,
): Promise<ThreadsLine[]> {
  const subjects = new Map(
    [...crews].flatMap(([name, crew]) =>
      [1, THREADS].map(
        (threads) => [nameOf(name, threads), () => crew.round({ mix, threads, milliseconds })] as const,
      ),
    ),
  );
  const measured = await alternate(subjects, rounds, WARM_UP_ROUNDS, `threads, ${mix}`);
  return [...crews.keys()].map((contender) => {
    const one = measured.get(nameOf(contender, 1)) ?? [];
    const two = measured.get(nameOf(contender, THREADS)) ?? [];
    const rates = (of: readonly ThreadRound[]) => of.map(({ rate }) => rate);
    return { mix, contender, one, two, ratio: ratiosOf(rates(two), rates(one)) };
  });
}

function nameOf(contender: ThreadContenderName, threads: number): string {
  return `${contender} in ${threads}`;
}

/** The threads of one contender, which share a map. */
class Crew {
  readonly #threads: readonly Worker[];
  readonly #barrier: Int32Array;

  private constructor(threads: readonly Worker[], barrier: Int32Array) {
    this.#threads = threads;
    this.#barrier = barrier;
  }

  static async of(contender: ThreadContenderName, keys: number): Promise<Crew> {
    const shared = THREAD_CONTENDERS[contender].share(makeData(keys, VALUE_SIZE));
    const barrier = new Int32Array(new SharedArrayBuffer(4));
    const threads = await Promise.all(
      Array.from({ length: THREADS }, (_, i) => {
        const options: CrewThreadOptions = {
          ...{ contender, shared, barrier, keys, valueSize: VALUE_SIZE, seed: SEED + i },
        };
        return startThread(new URL('./crew-thread.js', import.meta.url), options);
      }),
    );
    return new Crew(threads, barrier);
  }

  async round(order: CrewOrder): Promise<ThreadRound> {
    this.#barrier.fill(0);
    const before = process.cpuUsage();
    const shares = await Promise.all(
      this.#threads.slice(0, order.threads).map((thread) => ask<Share>(thread, order)),
    );
    const { user, system } = process.cpuUsage(before);
    const operations = shares.reduce((sum, share) => sum + share.operations, 0);
    const perMillisecond = shares.reduce((sum, share) => sum + share.operations / share.milliseconds, 0);
    return { rate: perMillisecond / 1e3, cpu: ((user + system) * 1e3) / operations };
  }

  async end(): Promise<void> {
    await endThreads(this.#threads);
  }
}

function rowsOf({ keys, milliseconds, results }: ThreadsResult): Row[] {
  return results.flatMap(({ mix, contender, one, two }) => {
    const rows = (threads: number, rounds: readonly ThreadRound[]) =>
      rounds.map(({ rate, cpu }, i) => ({
        ...{ mix, contender, keys, milliseconds, threads, round: i + 1 },
        million_ops_per_s: rate.toFixed(4),
        cpu_ns: cpu.toFixed(2),
      }));
    return [...rows(1, one), ...rows(THREADS, two)];
  });
}

export function threadsText({ keys, valueSize, milliseconds, results }: ThreadsResult): string {
  const header = [
    '',
    'contender',
    '1 thread: M/s',
    'CPU ns',
    '2 threads: M/s',
    'CPU ns',
    '2 : 1',
    'min to max',
  ];
  const cells = (rounds: readonly ThreadRound[]) => {
    const rate = spreadOf(rounds.map((round) => round.rate));
    const cpu = spreadOf(rounds.map((round) => round.cpu));
    return [`${rate.median.toFixed(2)} (${range(rate, 2)})`, cpu.median.toFixed(0)];
  };
  const rows = results.map(({ mix, contender, one, two, ratio }) => [
    mix,
    contender,
    ...cells(one),
    ...cells(two),
    ratio.median.toFixed(2),
    range(ratio, 2),
  ]);
  return [
    `${countText(keys)} UUID keys, ${valueSize}-byte values; rounds of ${milliseconds} ms with one thread and with two in turn. Millions of\n`,
    'operations per second of all threads, CPU time of the process per operation. Medians. What shares nothing shows\n',
    'what the machine makes of a second thread.\n\n',
    textTable([header, ...rows], 2),
  ].join('');
}
