/**
 * Commands for a key of a Redis Cluster that follow it: what a node says when a key is not, or no longer, its own.
 * Source: "Redis cluster specification", redis.io, section "Redirection and resharding".
 */
import {
  type Fetched,
  type Modified,
  RefusedError,
  type RelocatedError,
  type StoreCommand,
  type StoreKey,
  type StoreLink,
  type StoreReply,
  StoreUnavailableError,
  type Written,
} from '../backing-store.js';
import { codeOf, isReplyError } from './errors.js';
import type { KeyCommands } from './key-commands.js';
import { type NodeName, redirectedTo } from './topology.js';
import { isRedirection } from './transact.js';

/** A node's commands for keys. */
export type NodeCommands = Pick<KeyCommands, keyof KeyCommands>;

/** Who knows where keys are. */
export interface Guide {
  /** To be thrown when a slot is served by another node from now on. */
  moved(slot: number, name: NodeName): RelocatedError;
  /** To be thrown when it is worth trying again in a moment. */
  unsettled(): RelocatedError;
  /**
   * The commands of a node for a slot that is being moved to it.
   *
   * @throws {RelocatedError | StoreUnavailableError} when there is no connection to it
   */
  importing(name: NodeName): NodeCommands;
  /** To be called when a node does not do what it is asked. */
  doubt(): void;
}

export class FollowedCommands implements StoreLink {
  readonly session: number;
  readonly valueSession: number;
  readonly #keys: NodeCommands;
  readonly #name: NodeName;
  readonly #guide: Guide;

  /** @param name whose commands they are */
  constructor(keys: NodeCommands, name: NodeName, guide: Guide) {
    this.session = keys.session;
    this.valueSession = keys.session;
    this.#keys = keys;
    this.#name = name;
    this.#guide = guide;
  }

  fetch(key: StoreKey): Promise<Fetched> {
    return this.#follow((keys) => keys.fetch(key), notKept);
  }

  set(key: StoreKey, value: Uint8Array, ttl: number): Promise<Written> {
    return this.#follow((keys) => keys.set(key, value, ttl), writtenNotKept);
  }

  delete(key: StoreKey): Promise<Written & { readonly existed: boolean }> {
    return this.#follow((keys) => keys.delete(key), writtenNotKept);
  }

  expire(key: StoreKey, ttl: number): Promise<Modified> {
    return this.#follow((keys) => keys.expire(key, ttl), modifiedNotKept);
  }

  modify(command: StoreCommand): Promise<Modified> {
    return this.#follow((keys) => keys.modify(command), modifiedNotKept);
  }

  run(command: StoreCommand): Promise<StoreReply> {
    return this.#follow(
      (keys) => keys.run(command),
      (reply) => reply,
    );
  }

  transact(commands: readonly StoreCommand[]): Promise<readonly StoreReply[]> {
    return this.#follow((keys) => keys.transact(commands));
  }

  /**
   * @param elsewhere what to make of the outcome when another node gave it, whose session is not the lease's; absent: it
   *   is not asked of another node while its keys are on their way there
   */
  async #follow<T>(operation: (keys: NodeCommands) => Promise<T>, elsewhere?: (outcome: T) => T): Promise<T> {
    try {
      return await operation(this.#keys);
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.#guide.doubt();
      if (!isReplyError(error)) throw error;
      const [, slot, to = ''] = error.message.split(' ');
      switch (codeOf(error)) {
        case 'MOVED':
          throw this.#guide.moved(Number(slot), redirectedTo(to, this.#name));
        case 'ASK':
          if (elsewhere === undefined) throw this.#guide.unsettled();
          return elsewhere(await this.#ask(redirectedTo(to, this.#name), operation));
        case 'TRYAGAIN':
          throw this.#guide.unsettled();
        default:
          throw new RefusedError(error.message, { cause: error });
      }
    }
  }

  /** Asks the node that the key's slot is on its way to. What that says may be old news already, as slots go on moving. */
  async #ask<T>(name: NodeName, operation: (keys: NodeCommands) => Promise<T>): Promise<T> {
    try {
      return await operation(this.#guide.importing(name));
    } catch (error) {
      if (isRedirection(error)) throw this.#guide.unsettled();
      throw isReplyError(error) ? new RefusedError(error.message, { cause: error }) : error;
    }
  }
}

function notKept(fetched: Fetched): Fetched {
  return { ...fetched, isCacheable: false };
}

function writtenNotKept<T extends Written>(written: T): T {
  return { ...written, isCacheable: false, isOrdered: false };
}

function modifiedNotKept(modified: Modified): Modified {
  return { ...writtenNotKept(modified), now: notKept(modified.now) };
}
