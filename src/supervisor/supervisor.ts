/**
 * The main thread: makes what the workers share, takes the port, starts the workers, and sees to a good end.
 * With `--workers 0` it serves itself, with the same code.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config, LogLevel } from '../config/config.js';
import { releaseAllOf } from '../limits/concurrency.js';
import type { FileStoreHandle } from '../store/file-store.js';
import type { CreateServer, RunningWorker } from '../worker/lifecycle.js';
import { createShared, handlesOf, type Shared } from '../worker/shared.js';
import type { TlsIdentity } from '../worker/tls-door.js';
import { Certificate } from './certificate.js';
import { DRAIN_LIMIT, onStopSignals, type SignalSource } from './drain.js';
import { openPort, type SharedPort, type Sharing, sharingFor } from './listen.js';
import { LevelSwitch } from './log-level.js';
import { Pool, type RestartPolicy } from './pool.js';
import { ReadyNotice } from './ready-notice.js';
import { restoreMap, saveMap } from './snapshot.js';
import { urlOf, workersInWords } from './words.js';

/** What a data file is loaded into, in the background, while the workers already serve. */
export interface LoadContext extends Shared {
  readonly config: Config;
  readonly logger: Logger;
  /** Aborted when the program is about to end. */
  readonly signal: AbortSignal;
}

export interface ServeOptions {
  /**
   * Loads the data file; called when the workers accept connections. The phase is `loading` until its promise
   * resolves; if it rejects, the program ends with exit code 1.
   */
  readonly startLoad?: (context: LoadContext) => Promise<void>;
  /** The data file that `startLoad` loads, when what does not fit into the map can be read from it. */
  readonly file?: FileStoreHandle;
  /** What the files of `tlsCert` and `tlsKey` hold; they are read again at SIGHUP. Absent: no TLS. */
  readonly identity?: TlsIdentity | undefined;

  // What follows is for tests.
  readonly workerEntry?: URL;
  readonly createServer?: CreateServer;
  readonly sharing?: Sharing;
  readonly restarts?: RestartPolicy;
  /** Milliseconds. */
  readonly drainLimit?: number;
  readonly signals?: SignalSource;
  readonly exit?: (code: number) => void;
}

/** The workers, wherever they run. */
interface Crew {
  /** Resolves when all of them accept connections, with the address. */
  start(): Promise<AddressInfo | undefined>;
  /** Resolves with how many connections with a request in flight were cut off after `limit` milliseconds. */
  drain(limit: number): Promise<number>;
  /** New connections get another certificate. */
  useIdentity(identity: TlsIdentity): void;
  useLogLevel(level: LogLevel): void;
}

/** How much longer than its limit a drain may take as a whole, in milliseconds. */
const DRAIN_MARGIN = 500;

/**
 * Serves until the program is told to stop. Resolves when every worker accepts connections; from then on the
 * program lives by its workers and ends by `process.exit`: 0 after SIGINT or SIGTERM, 1 when a worker dies again
 * and again, the data file can't be loaded or the snapshot can't be written, 130 or 143 at a second signal.
 *
 * @param logger writes synchronously: the last lines come right before the exit
 * @throws the system error when the port can't be had (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND …),
 *   or what keeps a worker from starting; nothing is left running then
 */
export async function serve(config: Config, logger: Logger, options: ServeOptions = {}): Promise<void> {
  await new Supervisor(config, logger, options).serve();
}

class Supervisor {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #options: ServeOptions;
  /** Absent until the snapshot has been restored. */
  #shared: Shared | undefined;
  readonly #ending = new AbortController();
  readonly #certificate: Certificate;
  readonly #notice: ReadyNotice;
  readonly #level: LevelSwitch;
  #port: SharedPort | undefined;
  #crew: Crew | undefined;

  constructor(config: Config, logger: Logger, options: ServeOptions) {
    const sharing = options.sharing ?? sharingFor(config.workers);
    // A port that can't be shared is served by one thread.
    const workers = sharing === 'exclusive' ? Math.min(config.workers, 1) : config.workers;
    if (workers < config.workers) {
      logger.warn(
        { workers: config.workers },
        'this system can not share a port among threads: one worker serves',
      );
    }
    this.#config = { ...config, workers };
    this.#logger = logger;
    this.#options = { ...options, sharing };
    this.#level = new LevelSwitch(logger, config.logLevel);
    this.#notice = new ReadyNotice(logger);
    this.#certificate = new Certificate(this.#config, options.identity, logger);
  }

  async serve(): Promise<void> {
    const { host, port, workers } = this.#config;
    const unwatchSignals = this.#watchSignals();
    try {
      this.#port = await openPort({ host, port, sharing: this.#options.sharing ?? sharingFor(workers) });
      const shared = await this.#createShared();
      if (shared === undefined || this.#ending.signal.aborted) return this.#port.close();
      this.#shared = shared;
      this.#crew = workers === 0 ? this.#mainThread(this.#port, shared) : this.#threads(this.#port, shared);
      const address = await this.#crew.start();
      if (address === undefined || this.#ending.signal.aborted) return;
      this.#load(shared);
      const url = urlOf(address, this.#certificate.identity === undefined ? 'http' : 'https');
      this.#logger.info(
        { address: url, workers },
        `hotshard serves on ${url} with ${workersInWords(workers)}`,
      );
    } catch (error) {
      this.#port?.close();
      unwatchSignals();
      throw error;
    }
  }

  #watchSignals(): () => void {
    const unwatchReload = this.#certificate.watch((identity) => this.#crew?.useIdentity(identity));
    const unwatchLevel = this.#level.watch((level) => this.#crew?.useLogLevel(level));
    const unwatchStop = onStopSignals(this.#options.signals ?? process, {
      drain: (signal) => {
        this.#end(0);
        this.#logger.info({ signal }, 'draining: what is in flight is finished');
      },
      abort: (signal, exitCode) => {
        this.#logger.warn({ signal }, 'second signal: stopping at once');
        this.#exit(exitCode);
      },
    });
    return () => [unwatchReload, unwatchLevel, unwatchStop].forEach((unwatch) => void unwatch());
  }

  /** With what the snapshot holds, if there is one. Undefined when the end has come meanwhile. */
  async #createShared(): Promise<Shared | undefined> {
    const { snapshot } = this.#config;
    const { file } = this.#options;
    if (snapshot === undefined) return createShared(this.#config, undefined, file);
    const map = await restoreMap(snapshot, this.#config, this.#logger, this.#ending.signal);
    return map === undefined ? undefined : createShared(this.#config, map, file);
  }

  /** Goes on to `serving`, at once or when the data file has been loaded or the store reached. */
  #load(shared: Shared): void {
    const { startLoad } = this.#options;
    const { state } = shared;
    if (startLoad === undefined) {
      state.markLoaded();
      this.#awaitStore(shared);
      return;
    }
    state.advanceTo('loading');
    const context = {
      ...shared,
      config: this.#config,
      logger: this.#logger,
      signal: this.#ending.signal,
    };
    startLoad(context).then(
      () => {
        if (this.#ending.signal.aborted) return;
        state.markLoaded();
        this.#becomeReady(state);
      },
      (error: unknown) => {
        if (this.#ending.signal.aborted) return;
        this.#logger.fatal({ err: error }, 'the data file could not be loaded');
        this.#end(1);
      },
    );
  }

  /** Goes on to `serving` when every worker has reached the store once; a later outage changes nothing. */
  async #awaitStore({ state, sessions }: Shared): Promise<void> {
    const { redis, redisCluster, workers } = this.#config;
    const { signal } = this.#ending;
    if (redis !== undefined || redisCluster !== undefined) {
      await sessions.untilConnected(Math.max(1, workers), signal);
    }
    if (!signal.aborted) this.#becomeReady(state);
  }

  #becomeReady(state: Shared['state']): void {
    state.advanceTo('serving');
    this.#notice.tell('serving');
  }

  /** Drains and exits. The first call decides on the exit code. */
  #end(exitCode: number): void {
    if (this.#ending.signal.aborted) return;
    this.#shared?.state.advanceTo('draining');
    this.#notice.tell('draining');
    this.#ending.abort();
    this.#drain().then(
      (saved) => this.#exit(saved ? exitCode : 1),
      (error: unknown) => {
        this.#logger.error({ err: error }, 'draining failed');
        this.#exit(1);
      },
    );
  }

  /** False when there is something to save that could not be. */
  async #drain(): Promise<boolean> {
    const limit = this.#options.drainLimit ?? DRAIN_LIMIT;
    // Before the workers do: whoever closes last resets what is queued, and only a worker can serve that first.
    this.#port?.close();
    const drained = this.#crew?.drain(limit) ?? 0;
    const cut = await Promise.race([drained, delay(limit + DRAIN_MARGIN, undefined, { ref: false })]);
    if (cut !== 0) this.#logger.warn({ connections: cut }, 'requests in flight were cut off');
    const saved = await this.#save();
    this.#logger.info('stopped');
    return saved;
  }

  /** Only a map that has been restored may take the place of the one in the file. */
  async #save(): Promise<boolean> {
    const { snapshot } = this.#config;
    if (snapshot === undefined || this.#shared === undefined) return true;
    return await saveMap(snapshot, this.#shared.map, this.#config, this.#logger);
  }

  #exit(code: number): void {
    if (this.#options.exit === undefined) process.exit(code);
    this.#options.exit(code);
  }

  #mainThread(port: SharedPort, shared: Shared): Crew {
    let running: Promise<RunningWorker> | undefined;
    const start = async (): Promise<RunningWorker> => {
      // Only now: where there are workers, this thread needs none of it.
      const { startWorker } = await import('../worker/lifecycle.js');
      const { createServer = (await import('../server/server.js')).createServer } = this.#options;
      return startWorker({
        config: this.#config,
        shared,
        worker: 0,
        ticket: await port.ticket(0),
        identity: this.#certificate.identity,
        createServer,
        logger: this.#logger,
      });
    };
    return {
      start: async () => {
        running = start();
        return (await running).address;
      },
      drain: async (limit) => (await running)?.drain(limit) ?? 0,
      useIdentity: (identity) => {
        running?.then((worker) => worker.useIdentity(identity));
      },
      useLogLevel: (level) => {
        running?.then((worker) => worker.useLogLevel(level));
      },
    };
  }

  #threads(port: SharedPort, shared: Shared): Crew {
    let address: AddressInfo | undefined;
    const handles = handlesOf(shared);
    const { state, limit, sessions } = shared;
    const pool = new Pool({
      workers: this.#config.workers,
      entry: this.#options.workerEntry ?? new URL('../worker/main.js', import.meta.url),
      logger: this.#logger,
      ...(this.#options.restarts === undefined ? {} : { restarts: this.#options.restarts }),
      workerData: async (worker) => ({
        worker,
        config: { ...this.#config, logLevel: this.#level.current },
        shared: handles,
        ticket: await port.ticket(worker),
        identity: this.#certificate.identity,
      }),
      onAdopting: (worker) => port.adopted(worker),
      onListening: (worker, bound) => {
        port.listening(worker);
        address ??= bound;
      },
      onWorkerGone: (worker) => {
        port.gone(worker);
        releaseAllOf(limit, worker);
        sessions.endAllOf(worker);
        // Its connections have ended with it, and it can't say so any more.
        state.count(worker, 'openConnections', -state.row(worker).openConnections);
      },
      onReplace: (worker) => state.count(worker, 'restarts'),
      onCrashLoop: () => this.#end(1),
    });
    return {
      start: async () => {
        await pool.start();
        return address;
      },
      drain: (limit) => pool.drain(limit),
      useIdentity: (identity) => pool.say({ type: 'identity', identity }),
      useLogLevel: (level) => pool.say({ type: 'log-level', level }),
    };
  }
}
