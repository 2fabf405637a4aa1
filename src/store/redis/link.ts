/**
 * The way to one Redis server, for one worker: keeps a connection to it, makes another one when it is lost, and says
 * which session what comes by it belongs to. It is also the circuit breaker: as long as there is no connection that
 * answers in time, operations fail at once, and the connection's heartbeat or the next attempt to connect is the probe.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Entries } from '../../../shards/index.js';
import { atRandomTimes } from '../../config/faults.js';
import { StoreUnavailableError } from '../backing-store.js';
import { isOfWrite, kindOf, sessionOf } from '../label.js';
import { type Sessions, UNLABELLED } from '../sessions.js';
import { type ConnectionOptions, RedisConnection } from './connection.js';
import { RETRY_AFTER } from './errors.js';

/** Milliseconds between two attempts to connect: at first, and at most. */
const FIRST_PAUSE = 20;
const LONGEST_PAUSE = 400;
/** Milliseconds for which a connection has lasted: whoever drops each at once is not asked without a pause. */
const LASTING = 1_000;

/** Milliseconds after which a reason that is still the same is logged again. */
const REPEAT_LOG_AFTER = 30_000;

export interface LinkParts {
  /** `host:port` or path, for messages. */
  readonly name: string;
  readonly connection: ConnectionOptions;
  readonly sessions: Sessions;
  readonly entries: Entries;
  /** The worker's, from 0. */
  readonly worker: number;
  readonly logger: Logger;
  /** Called for each key that was invalidated; for counters. */
  onInvalidated(keys: number): void;
  /** Called for a key whose entry came of a write by this link and was removed: what Redis told of may be its echo. */
  onEcho(key: Uint8Array): void;
  /** A connection has been made. */
  onConnected?(): void;
  /** A session has begun; for counters. */
  onSession?(): void;
  /** Whether there is a connection that answers; called when that has changed. */
  onReachable?(isReachable: boolean): void;
  /** Mean milliseconds after which a connection for invalidations is lost on purpose; absent: never. */
  readonly dropTracking?: number | undefined;
}

export class RedisLink {
  readonly #parts: LinkParts;
  readonly #stopping = new AbortController();
  #connection: RedisConnection | undefined;
  #connectedAt = 0;
  /** Of the last connection, trusted until there is another one. Before the first: of what was in the map at the start. */
  #session = UNLABELLED;
  /** Losses of sessions, of whatever worker, that there had been when the server was last heard of. */
  #losses = 0;
  #lastReason = 'it has not been reached yet';
  #loggedAt = Number.NEGATIVE_INFINITY;
  #isWarnedOfStaleness = false;
  #isSaidReachable = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
  }

  /** Begins to connect, again and again, until it is stopped. */
  start(): void {
    // Not awaited: nothing in it throws but what is a mistake in this file, and that must be seen.
    this.#run();
  }

  /** Closes the connection. What was cached by it is no longer served. */
  stop(): void {
    this.#stopping.abort();
    this.#connection?.close();
    this.#connection = undefined;
    this.#sayReachable(false);
    this.#parts.sessions.end(this.#session);
  }

  /**
   * The connection, when there is one that answers in time.
   *
   * @throws {StoreUnavailableError} otherwise
   */
  get connection(): RedisConnection {
    const connection = this.#connection;
    if (connection?.isResponsive) return connection;
    // Where it is and why is in the log: it is not for clients.
    throw new StoreUnavailableError('Redis is out of reach', RETRY_AFTER);
  }

  get isReachable(): boolean {
    return this.#connection?.isResponsive === true;
  }

  /** Everything that came by it is no longer served. Fetches and writes under way are of the old session. */
  renewSession(): void {
    this.#parts.sessions.end(this.#session);
    if (this.#connection === undefined) return;
    this.#session = this.#beginSession();
    this.#connection.session = this.#session;
  }

  /** The server was asked when there had been so many losses, and has answered. */
  #noteAnswer(losses: number): void {
    if (losses === this.#losses) return;
    this.#losses = losses;
    this.#parts.sessions.endLost(this.#parts.name, losses);
  }

  #beginSession(): number {
    const { sessions, worker, onSession } = this.#parts;
    onSession?.();
    return sessions.begin(worker);
  }

  #sayReachable(isReachable: boolean): void {
    if (isReachable === this.#isSaidReachable) return;
    this.#isSaidReachable = isReachable;
    this.#parts.onReachable?.(isReachable);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let pause = 0; !signal.aborted; pause = this.#hasLasted ? 0 : longer(pause)) {
      this.#connection = undefined;
      // Rejects when it is stopped meanwhile.
      await delay(pause * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {});
      if (!signal.aborted) await this.#connectOnce(signal);
    }
  }

  /** Makes a connection and resolves when it is lost, or when it could not be made. */
  async #connectOnce(signal: AbortSignal): Promise<void> {
    let connection: RedisConnection | undefined;
    const keepTracking = atRandomTimes(this.#parts.dropTracking, () => connection?.dropTracking());
    try {
      const { losses } = this.#parts.sessions;
      connection = await RedisConnection.open(this.#parts.connection);
      if (signal.aborted) return;
      this.#noteAnswer(losses);
      const reason = await this.#begin(connection);
      if (!signal.aborted) this.#report(reason);
    } catch (error) {
      if (!signal.aborted) this.#report(error);
    } finally {
      keepTracking();
      connection?.close();
    }
  }

  /** Whether there was a connection, and not only for a moment: then the next one may be made without a pause. */
  get #hasLasted(): boolean {
    return this.#connection !== undefined && performance.now() - this.#connectedAt >= LASTING;
  }

  /** Resolves with the reason when the connection is lost. */
  #begin(connection: RedisConnection): Promise<Error> {
    const { name, sessions, logger, onConnected } = this.#parts;
    this.#warnOfStaleness(connection);
    // Nothing from before is served any more, and nothing new is cached before that.
    sessions.end(this.#session);
    this.#session = this.#beginSession();
    return new Promise((resolve) => {
      connection.begin(this.#session, {
        onAsk: () => {
          const { losses } = sessions;
          return () => this.#noteAnswer(losses);
        },
        onInvalidate: (keys) => this.#invalidate(keys),
        onResponsive: (isResponsive) => {
          this.#sayReachable(isResponsive);
          if (isResponsive) logger.info({ redis: name }, `Redis at ${name} answers again`);
          else this.#report(new Error('it does not answer'));
        },
        onLost: (reason) => {
          this.#sayReachable(false);
          sessions.lose(this.#session, name);
          resolve(reason);
        },
      });
      this.#connection = connection;
      this.#connectedAt = performance.now();
      this.#sayReachable(true);
      this.#loggedAt = Number.NEGATIVE_INFINITY;
      logger.info({ redis: name }, `connected to Redis at ${name}`);
      onConnected?.();
    });
  }

  /** Removes what came by this connection and has changed. */
  #invalidate(keys: readonly Uint8Array[] | null): void {
    const { entries, onInvalidated, onEcho } = this.#parts;
    if (keys === null) {
      this.renewSession();
      return;
    }
    onInvalidated(keys.length);
    for (const key of keys) {
      const entry = entries.read(key);
      // What came by another connection is guarded by that one.
      if (entry === undefined || sessionOf(entry.label) !== this.#session) continue;
      // A write that is under way finds out itself.
      const isWritten = isOfWrite(entry.label) && kindOf(entry.label) !== 'write';
      if (entries.delete(key, entry) && isWritten) onEcho(key);
    }
  }

  /** Once: it is the same Redis each time. */
  #warnOfStaleness({ abilities: { untrackedBecause, canScript } }: RedisConnection): void {
    if (this.#isWarnedOfStaleness) return;
    this.#isWarnedOfStaleness = true;
    const { name, logger } = this.#parts;
    if (untrackedBecause !== undefined) {
      logger.warn(
        { redis: name, reason: untrackedBecause },
        `Redis at ${name} does not tell of changes (CLIENT TRACKING: ${untrackedBecause}): ` +
          'only the time to live (--ttl) bounds how stale a value can be',
      );
    } else if (!canScript) {
      logger.warn(
        { redis: name },
        `Redis at ${name} does not allow scripts: what is written is not kept, but fetched at the next read`,
      );
    }
  }

  #report(error: unknown): void {
    const { name, logger } = this.#parts;
    const reason = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error);
    const now = performance.now();
    const isNew = reason !== this.#lastReason;
    this.#lastReason = reason;
    if (!isNew && now - this.#loggedAt < REPEAT_LOG_AFTER) return;
    this.#loggedAt = now;
    logger.warn({ redis: name, reason }, `Redis at ${name} is out of reach: ${reason}; trying again`);
  }
}

function longer(pause: number): number {
  return pause === 0 ? FIRST_PAUSE : Math.min(2 * pause, LONGEST_PAUSE);
}
