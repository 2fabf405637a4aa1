/**
 * Connections to one Redis server for clients that watch keys: WATCH is about a connection, so each of them needs one to
 * itself until its transaction has run.
 */
import type { Redis } from 'ioredis';
import {
  RefusedError,
  type StoreCommand,
  type StoreKey,
  type StoreReply,
  StoreUnavailableError,
  type WatchLink,
} from '../backing-store.js';
import type { ConnectionOptions } from './connection.js';
import { asStoreError, isReplyError, RETRY_AFTER } from './errors.js';
import type { Guide } from './followed.js';
import { prepare } from './handshake.js';
import { Names } from './names.js';
import { CommandSocket, redisSocket } from './socket.js';
import { type NodeName, redirectedTo } from './topology.js';
import { isRedirection, transact } from './transact.js';

/** Clients of one worker that may watch keys of one server at the same time. */
export const MOST_WATCHING = 128;
/** Connections that are kept for the next ones. */
const MOST_IDLE = 8;

export interface WatchPoolParts {
  readonly connection: ConnectionOptions;
  /** The server's name. */
  readonly name: NodeName;
  readonly guide: Pick<Guide, 'moved' | 'unsettled'>;
}

export class WatchPool {
  readonly #parts: WatchPoolParts;
  readonly #idle: WatchConnection[] = [];
  readonly #taken = new Set<WatchConnection>();
  /** Those that are taken or being made. */
  #count = 0;
  #isClosed = false;

  constructor(parts: WatchPoolParts) {
    this.#parts = parts;
  }

  /** See `BackingStore.openWatch`. */
  async open(): Promise<WatchLink> {
    if (this.#count >= MOST_WATCHING) {
      throw new RefusedError(
        `ERR more than ${MOST_WATCHING} clients of a worker watch keys at the same time`,
      );
    }
    this.#count++;
    const connection = this.#takeIdle() ?? (await this.#connect());
    this.#taken.add(connection);
    return new Watch(this.#parts, connection, () => this.#takeBack(connection));
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of [...this.#idle, ...this.#taken]) connection.close();
    this.#idle.length = 0;
  }

  #takeIdle(): WatchConnection | undefined {
    let connection = this.#idle.pop();
    while (connection?.isOpen === false) connection = this.#idle.pop();
    return connection;
  }

  async #connect(): Promise<WatchConnection> {
    const { address, database } = this.#parts.connection;
    const connection = new WatchConnection(redisSocket(address));
    try {
      await connection.open(database);
      if (this.#isClosed) throw new StoreUnavailableError('the connections to Redis are closed', RETRY_AFTER);
      return connection;
    } catch (error) {
      this.#count--;
      connection.close();
      throw asStoreError(error);
    }
  }

  async #takeBack(connection: WatchConnection): Promise<void> {
    const isClean = await connection.unwatch();
    this.#taken.delete(connection);
    this.#count--;
    if (isClean && !this.#isClosed && this.#idle.length < MOST_IDLE) this.#idle.push(connection);
    else connection.close();
  }
}

class WatchConnection {
  readonly commands: CommandSocket;
  readonly #socket: Redis;

  constructor(socket: Redis) {
    this.#socket = socket;
    // One that does not answer in time is not waited for: what it watches is as good as changed.
    this.commands = new CommandSocket(socket, () => this.close());
  }

  get isOpen(): boolean {
    return this.#socket.status === 'ready';
  }

  /** Rejects when it is not there in time. */
  async open(database: number): Promise<void> {
    await this.commands.inTime(prepare(this.#socket, database));
  }

  /** False when it is of no use any more. */
  async unwatch(): Promise<boolean> {
    if (!this.isOpen) return false;
    return await this.commands.send('UNWATCH').then(
      () => true,
      () => false,
    );
  }

  close(): void {
    this.#socket.disconnect();
  }
}

/** One client's use of a connection. */
class Watch implements WatchLink {
  readonly #parts: WatchPoolParts;
  readonly #connection: WatchConnection;
  readonly #giveBack: () => void;
  readonly #names: Names;
  #isReleased = false;

  constructor(parts: WatchPoolParts, connection: WatchConnection, giveBack: () => void) {
    this.#parts = parts;
    this.#connection = connection;
    this.#giveBack = giveBack;
    this.#names = new Names(parts.connection.prefix);
  }

  async watch(keys: readonly StoreKey[]): Promise<void> {
    this.#checkOwn();
    try {
      await this.#connection.commands.send('WATCH', ...keys.map((key) => this.#names.of(key)));
    } catch (error) {
      throw this.#followed(error);
    }
  }

  async transact(commands: readonly StoreCommand[]): Promise<readonly StoreReply[] | null> {
    this.#checkOwn();
    if (!this.#connection.isOpen) {
      const message = 'the connection that watched the keys was lost; nothing was done';
      throw new StoreUnavailableError(message, RETRY_AFTER);
    }
    try {
      return await transact(this.#connection.commands, this.#names, commands);
    } catch (error) {
      // Keys that have moved can't be vouched for, and nothing was done: that is as if they had changed.
      if (isRedirection(error)) return null;
      throw this.#followed(error);
    }
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#giveBack();
  }

  /** Whoever has the connection next watches other keys. */
  #checkOwn(): void {
    if (this.#isReleased)
      throw new StoreUnavailableError('the client that watched the keys is gone', RETRY_AFTER);
  }

  /** What to reject with in place of what Redis said. */
  #followed(error: unknown): unknown {
    const { guide, name } = this.#parts;
    if (!isReplyError(error)) return error;
    if (!isRedirection(error)) return new RefusedError(error.message, { cause: error });
    const [code, slot, to = ''] = error.message.split(' ');
    return code === 'MOVED' ? guide.moved(Number(slot), redirectedTo(to, name)) : guide.unsettled();
  }
}
