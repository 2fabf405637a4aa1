/**
 * A Redis Cluster as the store behind the map: a link to each master, and who serves which slot.
 *
 * Each link is coherent in itself, as with a single Redis. What a cluster adds is that keys change their master:
 *
 * - A slot that is handed over key by key: its values are told of one by one, since the old master deletes each as it
 *   goes. What is remembered as absent is not: a link whose master begins to hand over a slot, or has lost one, begins a
 *   new session.
 * - A master that has died or was made a replica: its link is stopped, and with it its session, as soon as another one
 *   is known to serve its slots. Until then it is out of reach, like a single Redis that is away.
 *
 * Who serves what is asked of the masters regularly, and at once when one of them says that a key has moved or does not
 * answer. For so long after a move, at most, is an absence served that is none any more.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type BackingStore,
  RelocatedError,
  type StoreKey,
  StoreUnavailableError,
  type WatchLink,
} from '../backing-store.js';
import { Complaints } from './complaints.js';
import { RedisConnection } from './connection.js';
import { RETRY_AFTER } from './errors.js';
import { FollowedCommands, type Guide, type NodeCommands } from './followed.js';
import type { LinkParts } from './link.js';
import { ClusterMember } from './member.js';
import { slotOf } from './slot.js';
import type { Credentials } from './socket.js';
import {
  askView,
  type Masters,
  merged,
  type NodeName,
  noMasters,
  partsOf,
  type Topology,
  type View,
} from './topology.js';

/** Milliseconds between two questions who serves what: while all is well, and while a master is away or slots move. */
const CALM_INTERVAL = 250;
const ALERT_INTERVAL = 100;
/** A crowd of operations in doubt must not make it spin. */
const SHORTEST_INTERVAL = 50;

/** Masters that are asked at a time; in larger clusters they take turns. */
const MOST_ASKED = 16;

/** Milliseconds after which an operation follows its key. */
const SETTLING_TIME = 10;

export interface ClusterParts extends Omit<LinkParts, 'name' | 'connection'> {
  /** Nodes that are asked first who else there is. */
  readonly seeds: readonly NodeName[];
  /** The same for all nodes. */
  readonly credentials: Credentials;
  readonly prefix: string;
}

export class RedisCluster implements BackingStore, Guide {
  readonly #parts: ClusterParts;
  readonly #prefix: Buffer;
  readonly #stopping = new AbortController();
  readonly #members = new Map<NodeName, ClusterMember>();
  #masters: Masters = noMasters();
  /** Masters that need not be reached for the cluster to be. */
  #failing: ReadonlySet<NodeName> = new Set();
  /** What nodes said of single slots since the last question was asked: newer than its answer. */
  readonly #news = new Map<number, NodeName>();
  #hasReachedAll = false;
  /** How many have been asked in turn. */
  #turn = 0;
  #isHurried = false;
  /** Ends the pause before the next question. */
  #wake: () => void = () => {};
  readonly #complaints: Complaints;

  constructor(parts: ClusterParts) {
    this.#parts = parts;
    this.#prefix = Buffer.from(parts.prefix);
    this.#complaints = new Complaints(parts.logger);
  }

  start(): void {
    // Not awaited: nothing in it throws but what is a mistake in this file, and that must be seen.
    this.#watch();
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake();
    for (const member of this.#members.values()) member.stop();
    this.#members.clear();
  }

  linkFor(key: StoreKey): FollowedCommands {
    const name = this.#masterOf(key);
    return new FollowedCommands(this.#connectionOf(name).keys, name, this);
  }

  areTogether(keys: readonly StoreKey[]): boolean {
    return new Set(keys.map((key) => this.#slotOf(key))).size <= 1;
  }

  async openWatch(key: StoreKey): Promise<WatchLink> {
    const name = this.#masterOf(key);
    this.#connectionOf(name);
    return await this.#member(name).watches.open();
  }

  /** Absences are remembered in the map. */
  lacks(): boolean {
    return false;
  }

  moved(slot: number, name: NodeName): RelocatedError {
    const before = this.#masters[slot];
    this.#news.set(slot, name);
    if (before !== name) {
      this.#masters = this.#masters.with(slot, name);
      if (before !== undefined) this.#members.get(before)?.noteLoss();
    }
    this.doubt();
    return new RelocatedError(`slot ${slot} has moved to ${name}`, delay(SETTLING_TIME));
  }

  unsettled(): RelocatedError {
    return new RelocatedError('the slot of the key is being moved', delay(SETTLING_TIME));
  }

  importing(name: NodeName): NodeCommands {
    this.#member(name).noteImporting();
    return this.#connectionOf(name).importedKeys;
  }

  doubt(): void {
    this.#isHurried = true;
    this.#wake();
  }

  #slotOf(key: StoreKey): number {
    return slotOf(Buffer.concat([this.#prefix, Buffer.from(key)]));
  }

  #masterOf(key: StoreKey): NodeName {
    const name = this.#masters[this.#slotOf(key)];
    if (name !== undefined) return name;
    this.doubt();
    throw new StoreUnavailableError(
      `no known master of the Redis Cluster serves the key: ${this.#complaints.last}`,
      RETRY_AFTER,
    );
  }

  /** @throws {RelocatedError | StoreUnavailableError} when there is none */
  #connectionOf(name: NodeName): RedisConnection {
    const member = this.#member(name);
    if (!member.isReachable) this.doubt();
    return member.connection;
  }

  /** @throws {StoreUnavailableError} after the stop: then nothing may be connected to any more */
  #member(name: NodeName): ClusterMember {
    const known = this.#members.get(name);
    if (known !== undefined) return known;
    if (this.#stopping.signal.aborted) {
      throw new StoreUnavailableError('the connections to Redis are closed', RETRY_AFTER);
    }
    const member = new ClusterMember({
      ...this.#parts,
      name,
      connection: this.#connectionTo(name),
      guide: this,
      onConnected: () => this.#noteReached(),
    });
    this.#members.set(name, member);
    return member;
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#news.clear();
      const views = await this.#askAround();
      if (signal.aborted) return;
      if (views.length > 0) this.#apply(merged(views));
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    await delay(SHORTEST_INTERVAL);
    const members = [...this.#members.values()];
    const isCalm = members.length > 0 && members.every((member) => member.isReachable && !member.isMigrating);
    const pause = new AbortController();
    this.#wake = () => pause.abort();
    if (this.#isHurried || this.#stopping.signal.aborted) this.#wake();
    // Rejects when it is woken.
    await delay((isCalm ? CALM_INTERVAL : ALERT_INTERVAL) - SHORTEST_INTERVAL, undefined, {
      signal: pause.signal,
    }).catch(() => {});
    this.#isHurried = false;
  }

  /** What those say who answer: masters that there is a connection to or, if need be, whoever is known. */
  async #askAround(): Promise<View[]> {
    const reachable = [...this.#members].filter(([, { isReachable }]) => isReachable);
    const count = Math.min(reachable.length, MOST_ASKED);
    const inTurn = Array.from({ length: count }, () => reachable[this.#turn++ % reachable.length] ?? []);
    const views = await answers(
      inTurn.map(([name, member]) => name && member && this.#askMember(name, member)),
    );
    if (views.length > 0) return views;
    const connected = new Set(reachable.map(([name]) => name));
    const others = new Set(
      [...this.#parts.seeds, ...this.#members.keys()].filter((name) => !connected.has(name)),
    );
    return await answers([...others].map((name) => this.#askOnce(name)));
  }

  async #askMember(name: NodeName, member: ClusterMember): Promise<View | undefined> {
    const view = await this.#ask(name, () => member.connection);
    if (view !== undefined && !this.#stopping.signal.aborted) member.noteMigrating(view.migrating);
    return view;
  }

  /** Asks a node that there is no connection to. */
  async #askOnce(name: NodeName): Promise<View | undefined> {
    let connection: RedisConnection | undefined;
    try {
      connection = await RedisConnection.open(this.#connectionTo(name));
      const opened = connection;
      return await this.#ask(name, () => opened);
    } catch (error) {
      this.#report(name, error);
      return undefined;
    } finally {
      connection?.close();
    }
  }

  async #ask(name: NodeName, connection: () => RedisConnection): Promise<View | undefined> {
    try {
      return await askView(connection(), name);
    } catch (error) {
      this.#report(name, error);
      return undefined;
    }
  }

  #apply({ masters: asked, failing }: Topology): void {
    const before = this.#masters;
    const masters = [...asked];
    for (const [slot, name] of this.#news) masters[slot] = name;
    this.#masters = masters;
    this.#failing = failing;
    const serving = new Set(masters);
    const losing = new Set(before.filter((name, slot) => masters[slot] !== name));
    for (const [name, member] of this.#members) {
      if (!serving.has(name) && !member.isImporting) this.#leave(name, member);
      else if (losing.has(name)) member.noteLoss();
    }
    for (const name of serving) if (name !== undefined) this.#member(name);
    this.#noteReached();
  }

  #leave(name: NodeName, member: ClusterMember): void {
    this.#parts.logger.info({ redis: name }, `Redis at ${name} serves no slot of the cluster any more`);
    this.#members.delete(name);
    member.stop();
  }

  /** The first time that all masters have been reached is the first time that the cluster has. */
  #noteReached(): void {
    if (this.#hasReachedAll || this.#members.size === 0) return;
    const isMissing = ([name, { hasConnected }]: [NodeName, ClusterMember]): boolean =>
      !hasConnected && !this.#failing.has(name);
    if ([...this.#members].some(isMissing)) return;
    this.#hasReachedAll = true;
    this.#parts.onConnected?.();
  }

  #connectionTo(name: NodeName): LinkParts['connection'] {
    const { credentials, prefix } = this.#parts;
    return { address: { ...partsOf(name), ...credentials }, database: 0, prefix };
  }

  #report(name: NodeName, error: unknown): void {
    if (!this.#stopping.signal.aborted) this.#complaints.add(name, error);
  }
}

async function answers(questions: readonly (Promise<View | undefined> | undefined | '')[]): Promise<View[]> {
  const views = await Promise.all(questions.map((question) => question || undefined));
  return views.filter((view) => view !== undefined);
}
