/** The workers, wherever they run: on threads of their own, or one on the main thread. */
import type { Logger } from 'pino';
import type { Config, LogLevel } from '../config/config.js';
import { atRandomTimes } from '../config/faults.js';
import { releaseAllOf } from '../limits/concurrency.js';
import type { CreateServer, RunningWorker } from '../worker/lifecycle.js';
import type { WorkerAddresses } from '../worker/listen.js';
import type { ToWorker } from '../worker/messages.js';
import type { CreateRespLane } from '../worker/resp-front.js';
import { handlesOf, type Shared } from '../worker/shared.js';
import type { TlsIdentity } from '../worker/tls-door.js';
import type { Certificate } from './certificate.js';
import type { LevelSwitch } from './log-level.js';
import { Pool, RESTART_POLICY, type RestartPolicy } from './pool.js';
import type { Ports } from './ports.js';

export interface Crew {
  /** Resolves when all of them accept connections, with the addresses. */
  start(): Promise<WorkerAddresses | undefined>;
  /** Resolves with how many connections with something in flight were cut off after `limit` milliseconds. */
  drain(limit: number): Promise<number>;
  /** Ends all of them at once. */
  stop(): Promise<void>;
  /** New connections get another certificate. */
  useIdentity(identity: TlsIdentity): void;
  useLogLevel(level: LogLevel): void;
}

/** For tests. */
export interface CrewOptions {
  readonly workerEntry?: URL;
  readonly createServer?: CreateServer;
  readonly createRespLane?: CreateRespLane;
  readonly restarts?: RestartPolicy;
}

export interface CrewParts {
  readonly config: Config;
  readonly logger: Logger;
  readonly options: CrewOptions;
  readonly certificate: Certificate;
  readonly level: LevelSwitch;
  readonly ports: Ports;
  readonly shared: Shared;
  /** A worker dies again and again and is not replaced any more. */
  readonly onCrashLoop: () => void;
}

/** This thread serves by itself. */
export function mainThread({ config, logger, options, certificate, ports, shared }: CrewParts): Crew {
  let running: Promise<RunningWorker> | undefined;
  const start = async (): Promise<RunningWorker> => {
    // Only now: where there are workers, this thread needs none of it.
    const { startWorker } = await import('../worker/lifecycle.js');
    const { createServer = (await import('../server/server.js')).createServer, createRespLane } = options;
    return startWorker({
      config,
      shared,
      worker: 0,
      ...(await ports.tickets(0)),
      identity: certificate.identity,
      createServer,
      createRespLane,
      logger,
    });
  };
  return {
    start: () => {
      running = start();
      return running;
    },
    drain: async (limit) => (await running)?.drain(limit) ?? 0,
    // It ends with the program.
    stop: async () => {},
    useIdentity: (identity) => {
      running?.then((worker) => worker.useIdentity(identity));
    },
    useLogLevel: (level) => {
      running?.then((worker) => worker.useLogLevel(level));
    },
  };
}

/** Worker threads serve. */
export function threads(parts: CrewParts): Crew {
  const { config, logger, options, certificate, level, ports, shared } = parts;
  let addresses: WorkerAddresses | undefined;
  const handles = handlesOf(shared);
  const { state, limit, sessions, turnstile, watches, clients } = shared;
  const killWorker = config.faults?.killWorker;
  const pool = new Pool({
    workers: config.workers,
    entry: options.workerEntry ?? new URL('../worker/main.js', import.meta.url),
    logger,
    ...restartPolicy(options, killWorker),
    workerData: async (worker) => {
      const tickets = await ports.tickets(worker);
      // Only after that wait: what changes meanwhile is told to threads that are there, and this one is not yet.
      return {
        worker,
        config: { ...config, logLevel: level.current },
        shared: handles,
        ...tickets,
        identity: certificate.identity,
      };
    },
    onAdopting: (worker) => ports.adopted(worker),
    onListening: (worker, bound) => {
      ports.listening(worker);
      addresses ??= bound;
    },
    onWorkerGone: (worker) => {
      ports.gone(worker);
      releaseAllOf(limit, worker);
      sessions.endAllOf(worker);
      turnstile.release(worker);
      watches.release(worker);
      clients.release(worker);
      state.forget(worker);
    },
    onReplace: (worker) => state.count(worker, 'restarts'),
    onCrashLoop: parts.onCrashLoop,
  });
  let spareWorkers = (): void => {};
  return {
    start: async () => {
      await pool.start();
      spareWorkers = atRandomTimes(killWorker, () => {
        const worker = Math.floor(Math.random() * config.workers);
        logger.warn({ worker }, 'worker is killed on purpose');
        // Not `terminate`: see `beforeEnd` in worker/thread.ts.
        pool.thread(worker)?.postMessage({ type: 'die' } satisfies ToWorker);
      });
      return addresses;
    },
    drain: (limit) => {
      spareWorkers();
      return pool.drain(limit);
    },
    stop: () => {
      spareWorkers();
      return pool.terminate();
    },
    useIdentity: (identity) => pool.say({ type: 'identity', identity }),
    useLogLevel: (level) => pool.say({ type: 'log-level', level }),
  };
}

/** Who kills workers on purpose does not want to be told that they die again and again. */
function restartPolicy(
  { restarts = RESTART_POLICY }: CrewOptions,
  killWorker: number | undefined,
): { readonly restarts: RestartPolicy } {
  return { restarts: killWorker === undefined ? restarts : { ...restarts, healthyAfter: 0 } };
}
