/**
 * A Redis Cluster as the store behind the map: a link to each master, and who serves which slot.
 *
 * Each link is coherent in itself, as with a single Redis. What a cluster adds is that keys change their master:
 *
 * - A slot that is moved away: its values are told of one by one, since the old master deletes each as it goes. What is
 *   remembered as absent is not, so a link that has lost a slot begins a new session.
 * - A master that has died or was made a replica: its link is stopped, and with it its session, as soon as another one
 *   is known to serve its slots. Until then it is out of reach, like a single Redis that is away.
 *
 * Who serves what is asked of the masters in turn: regularly, and at once when one of them says that a key has moved or
 * does not answer.
 */
import { setTimeout as delay } from 'node:timers/promises';
import calculateSlot from 'cluster-key-slot';
import { type BackingStore, RelocatedError, type StoreKey, StoreUnavailableError } from '../backing-store.js';
import { RedisConnection } from './connection.js';
import { RETRY_AFTER } from './errors.js';
import { FollowedCommands } from './followed.js';
import type { KeyCommands } from './key-commands.js';
import { type LinkParts, RedisLink } from './link.js';
import type { Credentials } from './socket.js';
import { askTopology, type NodeName, partsOf, SLOTS } from './topology.js';

/** Milliseconds between two questions who serves what: while all masters answer, and while one does not. */
const CALM_INTERVAL = 500;
const ALERT_INTERVAL = 100;

/** Milliseconds that an operation waits for a connection to the master that its key has moved to. */
const MOVE_LIMIT = 500;
const MOVE_POLL_INTERVAL = 10;

export interface ClusterParts extends Omit<LinkParts, 'name' | 'connection'> {
  /** Nodes that are asked first who else there is. */
  readonly seeds: readonly NodeName[];
  /** The same for all nodes. */
  readonly credentials: Credentials;
  readonly prefix: string;
}

export class RedisCluster implements BackingStore {
  readonly #parts: ClusterParts;
  readonly #stopping = new AbortController();
  readonly #links = new Map<NodeName, RedisLink>();
  /** Links that have had a connection. */
  readonly #reached = new Set<NodeName>();
  #masters: readonly (NodeName | undefined)[] = new Array<undefined>(SLOTS).fill(undefined);
  #hasReachedAll = false;
  /** Of those who are asked in turn. */
  #turn = 0;
  /** Ends the pause before the next question. */
  #hurry: () => void = () => {};
  #lastReason = 'no node has been reached yet';

  constructor(parts: ClusterParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#watch();
  }

  stop(): void {
    this.#stopping.abort();
    this.#hurry();
    for (const link of this.#links.values()) link.stop();
    this.#links.clear();
  }

  linkFor(key: StoreKey): FollowedCommands {
    const name = this.#masters[this.#slotOf(key)];
    const link = name === undefined ? undefined : this.#links.get(name);
    if (link === undefined) {
      this.#hurry();
      throw new StoreUnavailableError(
        `no known master of the Redis Cluster serves the key: ${this.#lastReason}`,
        RETRY_AFTER,
      );
    }
    return new FollowedCommands(link.connection.keys, this);
  }

  /** A node has said that a slot is served by another one. */
  moved(slot: number, name: NodeName): RelocatedError {
    this.#apply(this.#masters.map((master, index) => (index === slot ? name : master)));
    this.#hurry();
    return new RelocatedError(`the slot ${slot} has moved to ${name}`, this.#untilReachable(name));
  }

  /** A node has said that the key can't be said to be here or there at the moment. */
  unsettled(): RelocatedError {
    return new RelocatedError('the slot of the key is being moved', delay(MOVE_POLL_INTERVAL));
  }

  /** The commands of a node for a slot that is being moved to it. */
  importing(name: NodeName): KeyCommands {
    return this.#linkTo(name).connection.importedKeys;
  }

  /** Something is amiss: asks anew soon. */
  doubt(): void {
    this.#hurry();
  }

  #slotOf(key: StoreKey): number {
    const { prefix } = this.#parts;
    if (typeof key === 'string') return calculateSlot(prefix + key);
    return calculateSlot(Buffer.concat([Buffer.from(prefix), key]));
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const asked = await this.#askAnyone();
      if (signal.aborted) return;
      if (asked !== undefined) this.#apply(asked);
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    const isCalm = [...this.#links.values()].every((link) => link.isReachable) && this.#links.size > 0;
    const hurried = new Promise<void>((resolve) => {
      this.#hurry = resolve;
    });
    // A crowd of operations that hurry it must not make it spin.
    await delay(ALERT_INTERVAL / 2);
    const waiting = new AbortController();
    const calm = delay(isCalm ? CALM_INTERVAL : ALERT_INTERVAL, undefined, { signal: waiting.signal });
    await Promise.race([hurried, calm.catch(() => {})]);
    waiting.abort();
  }

  /** What the next one who answers says. */
  async #askAnyone(): Promise<readonly (NodeName | undefined)[] | undefined> {
    const reachable = [...this.#links].filter(([, link]) => link.isReachable);
    for (let tries = 0; tries < reachable.length; tries++) {
      const [name, link] = reachable[this.#turn++ % reachable.length] ?? [];
      if (name === undefined || link === undefined) continue;
      const masters = await this.#ask(name, () => link.connection);
      if (masters !== undefined) return masters;
    }
    for (const name of new Set([...this.#parts.seeds, ...this.#links.keys()])) {
      const masters = await this.#askOnce(name);
      if (masters !== undefined || this.#stopping.signal.aborted) return masters;
    }
    return undefined;
  }

  /** Asks a node that there is no connection to. */
  async #askOnce(name: NodeName): Promise<readonly (NodeName | undefined)[] | undefined> {
    let connection: RedisConnection | undefined;
    try {
      connection = await RedisConnection.open(this.#connectionTo(name));
    } catch (error) {
      this.#report(name, error);
      return undefined;
    }
    const opened = connection;
    const masters = await this.#ask(name, () => opened);
    opened.close();
    return masters;
  }

  async #ask(
    name: NodeName,
    connection: () => RedisConnection,
  ): Promise<readonly (NodeName | undefined)[] | undefined> {
    try {
      return await askTopology(connection(), partsOf(name).host);
    } catch (error) {
      this.#report(name, error);
      return undefined;
    }
  }

  #apply(masters: readonly (NodeName | undefined)[]): void {
    const before = this.#masters;
    this.#masters = masters;
    const serving = new Set(masters);
    for (const [name, link] of this.#links) {
      if (!serving.has(name)) this.#leave(name, link);
      else if (before.some((master, slot) => master === name && masters[slot] !== name)) link.renewSession();
    }
    for (const name of serving) if (name !== undefined) this.#linkTo(name);
    this.#noteReached();
  }

  #linkTo(name: NodeName): RedisLink {
    const known = this.#links.get(name);
    if (known !== undefined) return known;
    const link = new RedisLink({
      ...this.#parts,
      name,
      connection: this.#connectionTo(name),
      onConnected: () => {
        this.#reached.add(name);
        this.#noteReached();
      },
    });
    this.#links.set(name, link);
    link.start();
    return link;
  }

  #leave(name: NodeName, link: RedisLink): void {
    this.#parts.logger.info({ redis: name }, `Redis at ${name} is no longer a master of the cluster`);
    this.#links.delete(name);
    this.#reached.delete(name);
    link.stop();
  }

  /** The first time that all masters have been reached is the first time that the cluster has. */
  #noteReached(): void {
    if (this.#hasReachedAll || this.#links.size === 0) return;
    if (![...this.#links.keys()].every((name) => this.#reached.has(name))) return;
    this.#hasReachedAll = true;
    this.#parts.onConnected?.();
  }

  async #untilReachable(name: NodeName): Promise<void> {
    const deadline = performance.now() + MOVE_LIMIT;
    while (performance.now() < deadline && this.#links.get(name)?.isReachable === false) {
      await delay(MOVE_POLL_INTERVAL);
    }
  }

  #connectionTo(name: NodeName): LinkParts['connection'] {
    const { credentials, prefix } = this.#parts;
    return { address: { ...partsOf(name), ...credentials }, database: 0, prefix };
  }

  #report(name: NodeName, error: unknown): void {
    const reason = `${name}: ${error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)}`;
    if (reason === this.#lastReason) return;
    this.#lastReason = reason;
    this.#parts.logger.warn(
      { redis: name, reason },
      `the Redis Cluster can't be asked who serves what: ${reason}`,
    );
  }
}
