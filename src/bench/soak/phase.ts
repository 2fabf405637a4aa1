/**
 * One phase of the soak: a server of its own, with what happens to servers (workers that are killed, a Redis that is
 * killed and started again), under clients that know what they must get.
 *
 * Before the samples that are judged for growth, it settles: all memory of the map is written to, which the system gives
 * to a process only then, and there is load for a while, in which workers and Redis come and go several times.
 */
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, type RunningServer, startHotshard } from '../load/server.js';
import { withTemporaryFolder } from '../temporary.js';
import { randomNumbers } from '../zipf.js';
import { SoakClient } from './client.js';
import { startDurableRedis } from './durable-redis.js';
import { fillMap } from './filling.js';
import { type Sample, Sampler, WORKERS } from './samples.js';
import { Tally } from './tally.js';

interface Conditions {
  /** Of the whole time. */
  readonly share: number;
  /** Megabytes (2²⁰ bytes). */
  readonly maxMemory: number;
  /** Whether values may be gone at any time: there is less memory than values, and nothing behind it. */
  readonly mayEvict: boolean;
  readonly hasRedis: boolean;
  /** Whether workers, and Redis, die. */
  readonly hasFaults: boolean;
}

const CONDITIONS = {
  // All fits in: whatever is lost has been lost.
  map: { share: 0.2, maxMemory: 128, mayEvict: false, hasRedis: false, hasFaults: true },
  eviction: { share: 0.2, maxMemory: 8, mayEvict: true, hasRedis: false, hasFaults: true },
  redis: { share: 0.2, maxMemory: 8, mayEvict: false, hasRedis: true, hasFaults: true },
  // What a worker does not let go of is freed with it when it dies, so here none does.
  calm: { share: 0.4, maxMemory: 8, mayEvict: false, hasRedis: true, hasFaults: false },
} as const satisfies Readonly<Record<string, Conditions>>;

export type PhaseName = keyof typeof CONDITIONS;
export const PHASE_NAMES = Object.keys(CONDITIONS) as readonly PhaseName[];

/** Of the time of all phases together. */
export function shareOf(name: PhaseName): number {
  return CONDITIONS[name].share;
}

const CLIENTS = 8;

/** Mean milliseconds from one kill of a worker to the next: it takes a while to start. */
const LIFE = 5_000;
/** Milliseconds, at most. */
const OUTAGE = 1_000;
/** Milliseconds from one outage to the next; in a short phase less, so that there are some. */
const LONGEST_CALM = 10_000;
const OUTAGES = 3;
/** Mean milliseconds from one loss of the connection by which Redis tells of changes to the next. */
const TRACKING_LIFE = 30_000;
/** What must have happened for a server to have settled; `seconds` is in any phase. */
const SETTLED = { seconds: 20, restarts: 5, outages: 2 };
/** Seconds after which it is taken to have. */
const LONGEST_SETTLING = 120;
/** Milliseconds. */
const POLLING = 100;
/** Milliseconds from one client that hangs up in the middle of a request to the next. */
const RUDENESS = 50;

export interface PhaseOptions {
  readonly name: PhaseName;
  /** From when it has settled. */
  readonly seconds: number;
  readonly seed: number;
  /** Seconds from one sample to the next. */
  readonly sampling: number;
  /** Whether it settles before. Without that growth can't be judged. */
  readonly settles: boolean;
}

export interface PhaseResult extends PhaseOptions {
  /** Whether workers died. */
  readonly hasFaults: boolean;
  readonly samples: readonly Sample[];
  readonly tally: Tally;
}

export async function runPhase(options: PhaseOptions): Promise<PhaseResult> {
  if (!CONDITIONS[options.name].hasRedis) return await runWith(options, undefined);
  return await withTemporaryFolder('soak', async (directory) => {
    const redis = new RestartedRedis(directory);
    await redis.start();
    try {
      return await runWith(options, redis);
    } finally {
      await redis.stop();
    }
  });
}

async function runWith(options: PhaseOptions, redis: RestartedRedis | undefined): Promise<PhaseResult> {
  const { name, seconds, seed, sampling, settles } = options;
  const { maxMemory, mayEvict, hasFaults } = CONDITIONS[name];
  const resp = await freePort();
  const flags = ['--workers', String(WORKERS), '--max-memory', `${maxMemory}mb`, '--resp-port', String(resp)];
  const killing = `kill-worker=${LIFE}ms`;
  const faults = redis === undefined ? killing : `${killing},drop-tracking=${TRACKING_LIFE}ms`;
  const server = await startHotshard(
    [...flags, ...(redis === undefined ? [] : ['--redis', redis.url])],
    'any',
    undefined,
    hasFaults ? { HOTSHARD_FAULTS: faults } : {},
  );
  let end = '';
  server.ended.then((output) => {
    end = output;
  });
  const tally = new Tally();
  const over = new AbortController();
  const { signal } = over;
  try {
    if (settles) await fillMap(resp, maxMemory * 2 ** 20);
    const sampler = await Sampler.start({
      ...{ port: server.port, tally },
      outages: () => redis?.outages ?? 0,
    });
    const ports = { http: server.port, resp, redis: redis?.port };
    const parts = { clients: CLIENTS, seed, ports, mayEvict, tally };
    const clients = Array.from({ length: CLIENTS }, (_, number) =>
      new SoakClient({ ...parts, number }).run(signal),
    );
    const beside = [
      again(sampling * 1000, signal, () => sampler.take()),
      again(RUDENESS, signal, async () => void beRude([server.port, resp], tally.operations)),
      hasFaults
        ? redis?.restartAgain(Math.min(LONGEST_CALM, (seconds * 1000) / (OUTAGES + 1)), seed, signal)
        : undefined,
    ];
    if (settles) await settled(sampler, { hasFaults, hasRedis: redis !== undefined });
    sampler.isSettled = true;
    await wait(seconds * 1000);
    sampler.isSettled = false;
    over.abort();
    await Promise.all([...clients, ...beside]);
    await sampler.take();
    if (end !== '') tally.tell('unexpected', `the server has ended: ${end}`);
    return { ...options, hasFaults, samples: sampler.samples, tally };
  } finally {
    over.abort();
    await server.stop();
  }
}

/** Resolves when enough has happened. */
async function settled(
  { samples }: Sampler,
  { hasFaults, hasRedis }: Pick<Conditions, 'hasFaults' | 'hasRedis'>,
): Promise<void> {
  for (;;) {
    await wait(POLLING);
    const { seconds = 0, restarts = 0, outages = 0 } = samples.at(-1) ?? {};
    if (seconds >= LONGEST_SETTLING) return;
    const isThrough = restarts >= SETTLED.restarts && (!hasRedis || outages >= SETTLED.outages);
    if (seconds >= SETTLED.seconds && (!hasFaults || isThrough)) return;
  }
}

/** A Redis that keeps what it has acknowledged, and now and then dies. */
class RestartedRedis {
  readonly #directory: string;
  #redis: RunningServer | undefined;
  /** So far. */
  outages = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get port(): number {
    return this.#redis?.port ?? 0;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#redis = await startDurableRedis(this.#directory, this.#redis?.port);
  }

  async stop(): Promise<void> {
    await this.#redis?.stop();
  }

  /** @param interval milliseconds between two outages */
  async restartAgain(interval: number, seed: number, signal: AbortSignal): Promise<void> {
    const random = randomNumbers(seed);
    await again(interval, signal, async () => {
      await this.#redis?.kill();
      this.outages++;
      await wait(random() * OUTAGE);
      await this.start();
    });
  }
}

/** @param interval milliseconds from the end of one to the beginning of the next */
async function again(interval: number, signal: AbortSignal, act: () => Promise<void>): Promise<void> {
  for (;;) {
    // Rejects when it is over.
    await wait(interval, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    await act();
  }
}

const BEGINNINGS = [
  'GET /get/soak:0:0 HTTP/1.1\r\nHost: a',
  'POST /store/rude HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0',
  '*3\r\n$3\r\nSET\r\n$4\r\nrude\r\n$1000\r\nabc',
  '',
];

/** Begins something and is gone, in one of many ways. */
function beRude(ports: readonly number[], number: number): void {
  const socket = connect(ports[number % ports.length] ?? 0, '127.0.0.1');
  socket.on('error', () => {}); // 'close' follows
  socket.on('connect', () => {
    socket.write(BEGINNINGS[number % BEGINNINGS.length] ?? '');
    setTimeout(() => (number % 3 === 0 ? socket.resetAndDestroy() : socket.destroy()), number % 20);
  });
}
