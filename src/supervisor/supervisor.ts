/**
 * The main thread: makes what the workers share, takes the ports, starts the workers, and sees to a good end.
 * With `--workers 0` it serves itself, with the same code.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { FileStoreHandle } from '../store/file-store.js';
import { watchMemory } from '../telemetry/memory-watch.js';
import { createShared, type Shared } from '../worker/shared.js';
import type { TlsIdentity } from '../worker/tls-door.js';
import { Certificate } from './certificate.js';
import { type Crew, type CrewOptions, type CrewParts, mainThread, threads } from './crew.js';
import { DRAIN_LIMIT, onStopSignals, type SignalSource } from './drain.js';
import { type Sharing, sharingFor } from './listen.js';
import { LevelSwitch } from './log-level.js';
import { END_LIMIT } from './pool.js';
import { Ports } from './ports.js';
import { ReadyNotice } from './ready-notice.js';
import { restoreMap, saveMap } from './snapshot.js';
import { addressesInWords, workersInWords } from './words.js';

/** What a data file is loaded into, in the background, while the workers already serve. */
export interface LoadContext extends Shared {
  readonly config: Config;
  readonly logger: Logger;
  /** Aborted when the program is about to end. */
  readonly signal: AbortSignal;
}

export interface ServeOptions extends CrewOptions {
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
  readonly sharing?: Sharing;
  /** Milliseconds. */
  readonly drainLimit?: number;
  readonly signals?: SignalSource;
  readonly exit?: (code: number) => void;
}

/** How much longer than its limit a drain may take as a whole, in milliseconds, where workers don't end by themselves. */
const DRAIN_MARGIN = 500 + END_LIMIT;

/**
 * Serves until the program is told to stop. Resolves when every worker accepts connections; from then on the
 * program lives by its workers and ends by `process.exit`: 0 after SIGINT or SIGTERM, 1 when a worker dies again
 * and again, the data file can't be loaded or the snapshot can't be written, 130 or 143 at a second signal.
 *
 * @param logger writes synchronously: the last lines come right before the exit
 * @throws the system error when a port can't be had (`code` EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND …; `port`),
 *   or what keeps a worker from starting; no worker thread and no watch for signals is left then
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
  /** Whether a second signal has come: the drain goes no further then. */
  #isAborted = false;
  readonly #certificate: Certificate;
  readonly #notice: ReadyNotice;
  readonly #level: LevelSwitch;
  #ports: Ports | undefined;
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
    const { workers } = this.#config;
    const unwatchSignals = this.#watchSignals();
    try {
      this.#ports = await Ports.open(this.#config, this.#options.sharing ?? sharingFor(workers));
      const shared = await this.#createShared();
      if (shared === undefined || this.#ending.signal.aborted) return this.#ports.close();
      this.#shared = shared;
      const parts = this.#crewParts(this.#ports, shared);
      this.#crew = workers === 0 ? mainThread(parts) : threads(parts);
      const addresses = await this.#crew.start();
      if (addresses === undefined || this.#ending.signal.aborted) return;
      this.#load(shared);
      watchMemory({ config: this.#config, logger: this.#logger, signal: this.#ending.signal });
      const { urls, words } = addressesInWords(addresses, this.#certificate.identity !== undefined);
      this.#logger.info({ ...urls, workers }, `hotshard serves on ${words} with ${workersInWords(workers)}`);
    } catch (error) {
      this.#ports?.close();
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
        this.#abort(exitCode);
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
      (saved) => {
        if (!this.#isAborted) this.#exit(saved ? exitCode : 1);
      },
      (error: unknown) => {
        this.#logger.error({ err: error }, 'draining failed');
        this.#exit(1);
      },
    );
  }

  /** Exits whatever is in flight. The workers end first, since that may abort the process: see `beforeEnd` in worker/thread.ts. */
  async #abort(exitCode: number): Promise<void> {
    this.#isAborted = true;
    await Promise.race([this.#crew?.stop(), delay(END_LIMIT)]);
    this.#exit(exitCode);
  }

  /** False when there is something to save that could not be. */
  async #drain(): Promise<boolean> {
    const limit = this.#options.drainLimit ?? DRAIN_LIMIT;
    // Before the workers do: whoever closes last resets what is queued, and only a worker can serve that first.
    this.#ports?.close();
    const drained = this.#crew?.drain(limit) ?? 0;
    const cut = await Promise.race([drained, delay(limit + DRAIN_MARGIN, undefined, { ref: false })]);
    if (this.#isAborted) return false;
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

  #crewParts(ports: Ports, shared: Shared): CrewParts {
    return {
      config: this.#config,
      logger: this.#logger,
      options: this.#options,
      certificate: this.#certificate,
      ports,
      shared,
      onCrashLoop: () => this.#end(1),
      level: this.#level,
    };
  }
}
