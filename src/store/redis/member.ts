/** A node of a Redis Cluster that keys are asked of: the link to it, and what the cluster is doing with it. */
import { setTimeout as delay } from 'node:timers/promises';
import { RelocatedError } from '../backing-store.js';
import type { RedisConnection } from './connection.js';
import type { Guide } from './followed.js';
import { type LinkParts, RedisLink } from './link.js';
import { WatchPool } from './watch-pool.js';

/** Milliseconds that operations wait for the first connection to a node. */
const CONNECT_LIMIT = 500;

/** Milliseconds that a node without slots is kept after a slot on its way to it was asked for there. */
const KEPT_WHILE_IMPORTING = 5_000;

export interface MemberParts extends LinkParts {
  readonly guide: Guide;
}

export class ClusterMember {
  /** Connections for those who watch its keys. */
  readonly watches: WatchPool;
  readonly #link: RedisLink;
  readonly #name: string;
  /** Resolves when there has been a connection, or when there should have been one. */
  readonly #settled: Promise<void>;
  #isSettled = false;
  #hasConnected = false;
  #migrating: ReadonlySet<number> = new Set();
  #importedAt = Number.NEGATIVE_INFINITY;

  /** Begins to connect. */
  constructor(parts: MemberParts) {
    this.#name = parts.name;
    this.watches = new WatchPool(parts);
    let onConnected = (): void => {};
    const connected = new Promise<void>((resolve) => {
      onConnected = () => {
        this.#hasConnected = true;
        resolve();
        parts.onConnected?.();
      };
    });
    this.#link = new RedisLink({ ...parts, onConnected });
    this.#settled = Promise.race([connected, delay(CONNECT_LIMIT, undefined, { ref: false })]).then(() => {
      this.#isSettled = true;
    });
    this.#link.start();
  }

  /**
   * @throws {RelocatedError} while the first connection is being made
   * @throws {StoreUnavailableError} when there is none that answers in time
   */
  get connection(): RedisConnection {
    if (!this.#isSettled && !this.#link.isReachable) {
      throw new RelocatedError(`Redis at ${this.#name} is being connected to`, this.#settled);
    }
    return this.#link.connection;
  }

  get isReachable(): boolean {
    return this.#link.isReachable;
  }

  /** Whether there has been a connection at any time. */
  get hasConnected(): boolean {
    return this.#hasConnected;
  }

  get isMigrating(): boolean {
    return this.#migrating.size > 0;
  }

  /** Whether it has been asked of late for a slot on its way to it. */
  get isImporting(): boolean {
    return performance.now() - this.#importedAt < KEPT_WHILE_IMPORTING;
  }

  noteImporting(): void {
    this.#importedAt = performance.now();
  }

  /**
   * It has begun, or goes on, to hand over these slots.
   *
   * From then on keys that it does not have are written at the other node, and nobody tells it. So all that it has said
   * to be absent before counts no more; from now on it sends those who ask for such keys to the other node.
   */
  noteMigrating(slots: ReadonlySet<number>): void {
    const before = this.#migrating;
    this.#migrating = slots;
    if ([...slots].some((slot) => !before.has(slot))) this.#link.renewSession();
  }

  /** It has lost a slot: nothing that it has said before counts any more. */
  noteLoss(): void {
    this.#link.renewSession();
  }

  stop(): void {
    this.#link.stop();
    this.watches.close();
  }
}
