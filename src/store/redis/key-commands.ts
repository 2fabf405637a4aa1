/**
 * What the cache asks of Redis for one key, as Redis commands: read with what is left of its time to live, write, and
 * read again what was written, so that Redis goes on telling of its changes.
 */
import {
  type Fetched,
  type Modified,
  type StoreCommand,
  type StoreKey,
  type StoreLink,
  type StoreReply,
  StoreUnavailableError,
  type Written,
} from '../backing-store.js';
import { WrongTypeError } from '../tiered.js';
import { codeOf, isReplyError, RETRY_AFTER } from './errors.js';
import type { Abilities } from './handshake.js';
import { asBuffer, Names } from './names.js';
import { APPLY, DELETE, MODIFY, type Script, SET } from './scripts.js';
import type { Argument, Commands } from './socket.js';
import { transact } from './transact.js';

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
  readonly #names: Names;

  constructor(parts: KeyCommandsParts) {
    this.#parts = parts;
    this.#commands = parts.commands;
    this.#canScript = parts.abilities.canScript;
    this.#isTracked = parts.abilities.untrackedBecause === undefined;
    this.#names = new Names(parts.prefix);
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
      return { existed: reply === '1', isCacheable: this.#isTracked, isOrdered };
    }
    const reply = await this.#commands.send('DEL', name);
    return { existed: reply === '1', isCacheable: false, isOrdered: true };
  }

  async expire(key: StoreKey, ttl: number): Promise<Modified> {
    const name = this.#named(key);
    const words = ttl === 0 ? ['PERSIST'] : ['PEXPIRE', ttl];
    const askedAt = Date.now();
    if (!this.#canScript) return await this.#modifyAndRead(name, words);
    const written = await this.#run(MODIFY, name, words);
    const [reply, value, left] = written.reply as readonly unknown[];
    const now = this.#fetched(value, left, askedAt);
    return { reply, now, isCacheable: now.isCacheable, isOrdered: written.isOrdered };
  }

  async modify(command: StoreCommand): Promise<Modified> {
    const [word = '', name = '', ...args] = this.#names.command(command);
    const askedAt = Date.now();
    if (!this.#canScript) return await this.#modifyAndRead(name, [word, ...args]);
    const written = await this.#run(APPLY, name, [word, ...args]);
    const [reply, value, left, refusal] = written.reply as readonly unknown[];
    const now = this.#fetched(value, left, askedAt);
    // Of a list or a set nothing is known but that it is none of the strings.
    const isCacheable = left !== null && left !== undefined && now.isCacheable;
    return {
      reply: isExact(reply) ? reply : String(value),
      ...(refusal === null || refusal === undefined ? {} : { refusal: String(refusal) }),
      now: { ...now, isCacheable },
      isCacheable,
      isOrdered: written.isOrdered,
    };
  }

  async run(command: StoreCommand): Promise<StoreReply> {
    const [word = '', ...args] = this.#names.command(command);
    return (await this.#commands.send(String(word), ...args)) as StoreReply;
  }

  async transact(commands: readonly StoreCommand[]): Promise<readonly StoreReply[]> {
    const replies = await transact(this.#commands, this.#names, commands);
    if (replies === null) throw new TypeError('a transaction that watches nothing was given up');
    return replies;
  }

  /** For a Redis that allows no scripts. */
  async #modifyAndRead(
    name: string | Buffer,
    [word = '', ...args]: readonly (string | number | Buffer)[],
  ): Promise<Modified> {
    const askedAt = Date.now();
    const [changed, read] = await Promise.allSettled([
      this.#commands.send(String(word), name, ...args),
      this.#commands.sendAll([
        ['GET', name],
        ['PTTL', name],
      ]),
    ]);
    if (changed.status === 'rejected') throw changed.reason;
    // Not as what it is: a key that moves in between would have the command done twice.
    if (read.status === 'rejected' && read.reason instanceof WrongTypeError) {
      const now = { value: undefined, expiry: 0, isCacheable: false };
      return { reply: changed.value, now, isCacheable: false, isOrdered: true };
    }
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
   * @param left reply of PTTL, an integer: -1 = never expires, -2 = absent by now
   * @param askedAt the time to live is counted from before Redis was asked, so that it never ends later than there
   */
  #fetched(value: unknown, left: unknown, askedAt: number): Fetched {
    const isPresent = Buffer.isBuffer(value);
    const expiry = Number(left) >= 0 ? Math.min(askedAt + Number(left), Number.MAX_SAFE_INTEGER) : 0;
    return {
      value: isPresent ? value : undefined,
      expiry: isPresent ? expiry : 0,
      isCacheable: isPresent ? left !== '-2' : this.#isTracked,
    };
  }

  #named(key: StoreKey): string | Buffer {
    return this.#names.of(key);
  }
}

/** Whether a script's reply is what the command said: scripts count in doubles. The value that it left is exact. */
function isExact(reply: unknown): boolean {
  return typeof reply !== 'string' || Number.isSafeInteger(Number(reply));
}
