/**
 * One phase of the soak: a server of its own, with what happens to servers (workers that are killed, a Redis that is
 * killed and started again), under clients that know what they must get.
 */
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort, type RunningServer, startHotshard } from '../load/server.js';
import { withTemporaryFolder } from '../temporary.js';
import { randomNumbers } from '../zipf.js';
import { SoakClient } from './client.js';
import { startDurableRedis } from './durable-redis.js';
import { type Sample, Sampler, WORKERS } from './samples.js';
import { Tally } from './tally.js';
import { TONGUES, type Tongue } from './tongues.js';

export const PHASE_NAMES = ['map', 'eviction', 'redis'] as const;
export type PhaseName = (typeof PHASE_NAMES)[number];

interface Conditions {
  readonly maxMemory: string;
  /** Whether values may be gone at any time: there is less memory than values, and nothing behind it. */
  readonly mayEvict: boolean;
  readonly hasRedis: boolean;
  readonly tongues: readonly Tongue[];
}

const CONDITIONS: Readonly<Record<PhaseName, Conditions>> = {
  // All fits in: whatever is lost has been lost.
  map: { maxMemory: '128mb', mayEvict: false, hasRedis: false, tongues: TONGUES },
  eviction: { maxMemory: '8mb', mayEvict: true, hasRedis: false, tongues: TONGUES },
  redis: { maxMemory: '8mb', mayEvict: false, hasRedis: true, tongues: TONGUES },
};

const CLIENTS = 8;

/** Times a phase that something happens to its server. */
const KILLS = 20;
const OUTAGES = 5;
/** Mean milliseconds from one kill to the next, at least: a worker takes a while to start. */
const SHORTEST_LIFE = 2_000;
/** Milliseconds. */
const LONGEST_OUTAGE = 1_000;
/** Milliseconds from one outage to the next, at least. */
const SHORTEST_CALM = 1_000;
/** Milliseconds from one client that hangs up in the middle of a request to the next. */
const RUDENESS = 50;

export interface PhaseOptions {
  readonly name: PhaseName;
  readonly seconds: number;
  readonly seed: number;
  /** Seconds from one sample to the next. */
  readonly sampling: number;
}

export interface PhaseResult extends PhaseOptions {
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
  const { name, seconds, seed, sampling } = options;
  const { maxMemory, mayEvict, tongues } = CONDITIONS[name];
  const resp = await freePort();
  const flags = ['--workers', String(WORKERS), '--max-memory', maxMemory, '--resp-port', String(resp)];
  const killing = `kill-worker=${Math.ceil(Math.max(SHORTEST_LIFE, (seconds * 1000) / KILLS))}ms`;
  const faults = redis === undefined ? killing : `${killing},drop-tracking=${Math.ceil(seconds)}s`;
  const server = await startHotshard(
    [...flags, ...(redis === undefined ? [] : ['--redis', redis.url])],
    'any',
    undefined,
    { HOTSHARD_FAULTS: faults },
  );
  let end = '';
  server.ended.then((output) => {
    end = output;
  });
  const tally = new Tally();
  const over = new AbortController();
  const { signal } = over;
  try {
    const sampler = new Sampler(server.port, tally);
    const ports = { http: server.port, resp, redis: redis?.port };
    const parts = { clients: CLIENTS, seed, ports, tongues, mayEvict, tally };
    const clients = Array.from({ length: CLIENTS }, (_, number) =>
      new SoakClient({ ...parts, number }).run(signal),
    );
    const beside = [
      again(sampling * 1000, signal, () => sampler.take()),
      again(RUDENESS, signal, async () => void beRude([server.port, resp], tally.operations)),
      redis?.restartAgain(Math.max(SHORTEST_CALM, (seconds * 1000) / (OUTAGES + 1)), seed, signal),
    ];
    await wait(seconds * 1000);
    over.abort();
    await Promise.all([...clients, ...beside]);
    await sampler.take();
    if (end !== '') tally.tell('unexpected', `the server has ended: ${end}`);
    return { ...options, samples: sampler.samples, tally };
  } finally {
    over.abort();
    await server.stop();
  }
}

/** A Redis that keeps what it has acknowledged, and now and then dies. */
class RestartedRedis {
  readonly #directory: string;
  #redis: RunningServer | undefined;

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
      await wait(random() * LONGEST_OUTAGE);
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
