/**
 * Commands for a key of a Redis Cluster that follow it: what a node says when a key is not, or no longer, its own.
 * Source: "Redis cluster specification", redis.io, section "Redirection and resharding".
 */
import type { Fetched, Modified, RelocatedError, StoreKey, StoreLink, Written } from '../backing-store.js';
import { StoreUnavailableError } from '../backing-store.js';
import { codeOf, isReplyError } from './errors.js';
import type { KeyCommands } from './key-commands.js';
import type { Argument } from './socket.js';
import type { NodeName } from './topology.js';

/** Who knows where keys are. */
export interface Guide {
  /** To be thrown when a slot is served by another node from now on. */
  moved(slot: number, name: NodeName): RelocatedError;
  /** To be thrown when it is worth trying again in a moment. */
  unsettled(): RelocatedError;
  /** @throws {StoreUnavailableError} when there is no connection to it yet */
  importing(name: NodeName): KeyCommands;
  doubt(): void;
}

export class FollowedCommands implements StoreLink {
  readonly session: number;
  readonly valueSession: number;
  readonly #keys: KeyCommands;
  readonly #guide: Guide;

  constructor(keys: KeyCommands, guide: Guide) {
    this.session = keys.session;
    this.valueSession = keys.session;
    this.#keys = keys;
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

  modify(key: StoreKey, command: string, ...args: readonly Argument[]): Promise<Modified> {
    return this.#follow((keys) => keys.modify(key, command, ...args), modifiedNotKept);
  }

  /** @param elsewhere what to make of the outcome when another node gave it, whose session is not the lease's */
  async #follow<T>(operation: (keys: KeyCommands) => Promise<T>, elsewhere: (outcome: T) => T): Promise<T> {
    try {
      return await operation(this.#keys);
    } catch (error) {
      if (error instanceof StoreUnavailableError) this.#guide.doubt();
      if (!isReplyError(error)) throw error;
      const [, slot, name = ''] = error.message.split(' ');
      switch (codeOf(error)) {
        case 'MOVED':
          throw this.#guide.moved(Number(slot), name);
        case 'ASK':
          return elsewhere(await operation(this.#guide.importing(name)));
        case 'TRYAGAIN':
          throw this.#guide.unsettled();
        default:
          throw error;
      }
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
