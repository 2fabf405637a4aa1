/**
 * What the cache asks of Redis for one key, as Redis commands: read with what is left of its time to live, write, and
 * read again what was written, so that Redis goes on telling of its changes.
 */
import {
  type Fetched,
  type Modified,
  type StoreKey,
  type StoreLink,
  StoreUnavailableError,
  type Written,
} from '../backing-store.js';
import { codeOf, isReplyError, RETRY_AFTER } from './errors.js';
import type { Abilities } from './handshake.js';
import { DELETE, MODIFY, type Script, SET } from './scripts.js';
import type { Argument, Commands } from './socket.js';

export interface KeyCommandsParts {
  readonly commands: Commands;
  readonly abilities: Abilities;
  /** Of every key in Redis. */
  readonly prefix: string;
  /** The session of what is read now. */
  session(): number;
}

export class KeyCommands implements StoreLink {
  readonly #parts: KeyCommandsParts;
  readonly #commands: Commands;
  readonly #canScript: boolean;
  /** Whether somebody tells of changes. */
  readonly #isTracked: boolean;
  readonly #prefixBytes: Buffer;

  constructor(parts: KeyCommandsParts) {
    this.#parts = parts;
    this.#commands = parts.commands;
    this.#canScript = parts.abilities.canScript;
    this.#isTracked = parts.abilities.untrackedBecause === undefined;
    this.#prefixBytes = Buffer.from(parts.prefix);
  }

  get session(): number {
    return this.#parts.session();
  }

  get valueSession(): number {
    return this.#parts.session();
  }

  async fetch(key: StoreKey): Promise<Fetched> {
    const name = this.#named(key);
    const askedAt = Date.now();
    // Not one step: a change in between is told, as the key is tracked from the first of them on.
    const [value, left] = await this.#commands.sendAll([
      ['GET', name],
      ['PTTL', name],
    ]);
    return this.#fetched(value, left, askedAt);
  }

  async set(key: StoreKey, value: Uint8Array, ttl: number): Promise<Written> {
    const name = this.#named(key);
    const bytes = asBuffer(value);
    if (this.#canScript) return await this.#run(SET, name, ttl === 0 ? [bytes] : [bytes, ttl]);
    const expiry = ttl === 0 ? [] : ['PX', ttl];
    await this.#commands.send('SET', name, bytes, ...expiry);
    return { isCacheable: !this.#isTracked, isOrdered: true };
  }

  async delete(key: StoreKey): Promise<Written & { readonly existed: boolean }> {
    const name = this.#named(key);
    if (this.#canScript) {
      const { reply, isOrdered } = await this.#run(DELETE, name, []);
      return { existed: reply === 1, isCacheable: this.#isTracked, isOrdered };
    }
    const reply = await this.#commands.send('DEL', name);
    return { existed: reply === 1, isCacheable: false, isOrdered: true };
  }

  async expire(key: StoreKey, ttl: number): Promise<Modified> {
    return ttl === 0 ? await this.modify(key, 'PERSIST') : await this.modify(key, 'PEXPIRE', ttl);
  }

  /**
   * Runs a command that changes a key by what it has, in Redis.
   *
   * @param args what follows the key
   */
  async modify(key: StoreKey, command: string, ...args: readonly Argument[]): Promise<Modified> {
    const name = this.#named(key);
    const askedAt = Date.now();
    if (this.#canScript) {
      const written = await this.#run(MODIFY, name, [command, ...args]);
      const [reply, value, left] = written.reply as readonly unknown[];
      const now = this.#fetched(value, left, askedAt);
      return { reply, now, isCacheable: now.isCacheable, isOrdered: written.isOrdered };
    }
    const [changed, read] = await Promise.allSettled([
      this.#commands.send(command, name, ...args),
      this.#commands.sendAll([
        ['GET', name],
        ['PTTL', name],
      ]),
    ]);
    if (changed.status === 'rejected') throw changed.reason;
    // Not as what it is: a key that moves in between would have the command done twice.
    if (read.status === 'rejected') {
      throw new StoreUnavailableError('what the command came to could not be read', RETRY_AFTER, {
        cause: read.reason,
      });
    }
    const [value, left] = read.value;
    // The read comes after the command and is tracked, whoever wrote in between.
    return {
      reply: changed.value,
      now: this.#fetched(value, left, askedAt),
      isCacheable: true,
      isOrdered: true,
    };
  }

  /** Runs a script by its hash and, where Redis has forgotten it, by its text: then later ones may have overtaken it. */
  async #run(
    { sha, lua }: Script,
    name: string | Buffer,
    args: readonly Argument[],
  ): Promise<Written & { readonly reply: unknown }> {
    try {
      const reply = await this.#commands.send('EVALSHA', sha, 1, name, ...args);
      return { reply, isCacheable: true, isOrdered: true };
    } catch (error) {
      if (!isReplyError(error) || codeOf(error) !== 'NOSCRIPT') throw error;
      const reply = await this.#commands.send('EVAL', lua, 1, name, ...args);
      return { reply, isCacheable: true, isOrdered: false };
    }
  }

  /**
   * @param left reply of PTTL: -1 = never expires, -2 = absent by now
   * @param askedAt the time to live is counted from before Redis was asked, so that it never ends later than there
   */
  #fetched(value: unknown, left: unknown, askedAt: number): Fetched {
    const isPresent = Buffer.isBuffer(value);
    const expiry = typeof left === 'number' && left >= 0 ? askedAt + left : 0;
    return {
      value: isPresent ? value : undefined,
      expiry: isPresent ? expiry : 0,
      isCacheable: isPresent ? left !== -2 : this.#isTracked,
    };
  }

  #named(key: StoreKey): string | Buffer {
    if (typeof key === 'string') return this.#parts.prefix + key;
    return this.#parts.prefix === '' ? asBuffer(key) : Buffer.concat([this.#prefixBytes, key]);
  }
}

/** ioredis sends a Buffer as it is, and any other typed array as text. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
