/**
 * The shared map as the commands over data see it: a key is a word of the command, a value is copied to memory that is
 * used again, and what is written on condition of what was read is written by its reader alone.
 *
 * A command that changes a key by what it has reads it, works out what it shall have, and calls `replace`: false says that
 * somebody else was faster, and that all of it is to be done again. Somebody's write is done each time, so it ends.
 */
import { type Entries, NEVER } from '../../shards/index.js';
import type { ImmediateCache, TieredCache } from '../store/tiered.js';
import { keySampler } from '../telemetry/key-sampler.js';
import type { Arguments } from './arguments.js';
import { CommandError, TOO_LONG } from './command.js';

/** This worker's share in what keeps commands over several keys whole: see `Turn`. */
export interface ExclusiveTurn {
  exclusively<T>(run: () => T): T;
}

export interface KeyspaceParts {
  readonly cache: TieredCache & ImmediateCache;
  readonly turn: ExclusiveTurn;
  /** Time to live of what is stored without one, in milliseconds; 0 = none. */
  readonly ttl: number;
}

/** Bytes of the memory for values at first. Most values fit. */
const FIRST_ROOM = 16 * 1024;
/** Bytes from which on it is given back, as a single large value would hold it for ever. */
const MOST_KEPT = 1024 * 1024;

/** One per thread. */
export class Keyspace {
  readonly cache: TieredCache & ImmediateCache;
  readonly entries: Entries;
  /** What `read` found last, from the beginning on. Behind it a command may write what it likes. */
  found: Buffer = Buffer.allocUnsafeSlow(FIRST_ROOM);
  /** When that expires, in milliseconds since the epoch; NEVER (0): it does not. */
  expiry = NEVER;
  readonly #turn: ExclusiveTurn;
  readonly #ttl: number;

  constructor({ cache, turn, ttl }: KeyspaceParts) {
    this.cache = cache;
    this.entries = cache.map.entries;
    this.#turn = turn;
    this.#ttl = ttl;
  }

  /** When what is stored now without a time to live expires. */
  get defaultExpiry(): number {
    return this.#ttl === 0 ? NEVER : Math.min(Math.ceil(Date.now() + this.#ttl), Number.MAX_SAFE_INTEGER);
  }

  /** Copies the value of a key to `found`. Returns its length; -1 when there is none. Nothing is counted. */
  read(args: Arguments, index: number): number {
    if (this.found.length > MOST_KEPT) this.found = Buffer.allocUnsafeSlow(FIRST_ROOM);
    const start = args.start(index);
    const end = args.end(index);
    this.#note(args, index);
    for (;;) {
      const length = this.entries.getRangeInto(args.bytes, start, end, this.found, 0);
      if (length <= this.found.length) {
        this.expiry = this.entries.gotExpiry;
        return length;
      }
      this.found = roomFor(length);
    }
  }

  /** The same, counted as a hit or a miss. */
  lookUp(args: Arguments, index: number): number {
    const length = this.read(args, index);
    this.count(length >= 0);
    return length;
  }

  /** Counts a hit or a miss. Redis counts what reads, and of what writes only that which answers with the old value. */
  count(isHit: boolean): void {
    if (isHit) this.entries.countHit();
    else this.entries.countMiss();
  }

  /** Makes room in `found` for so many bytes; the first `kept` of them stay. */
  makeRoom(length: number, kept: number): Buffer {
    if (length > this.found.length) {
      // Never in place: what was read has to stay as it is until it is replaced.
      const room = roomFor(length);
      this.found.copy(room, 0, 0, kept);
      this.found = room;
    }
    return this.found;
  }

  /** @throws {CommandError} when no value may be so long */
  checkFits(length: number): void {
    if (!this.entries.fits(length)) throw new CommandError(TOO_LONG);
  }

  /**
   * Stores a value, whatever the key has.
   *
   * @param value holds it from `from` to before `to`
   * @param expiry milliseconds since the epoch; NEVER: none
   * @throws {CommandError} when it does not fit: then nothing has changed
   */
  put(args: Arguments, index: number, value: Uint8Array, from: number, to: number, expiry: number): void {
    this.#note(args, index);
    const { bytes } = args;
    const outcome = this.entries.putRange(bytes, args.start(index), args.end(index), value, from, to, expiry);
    if (outcome === 'no room') throw new CommandError(TOO_LONG);
    this.entries.countSet();
  }

  /**
   * Stores a value if the key has what the last `read`, which was of this key, found. Parameters as for `put`.
   *
   * @returns false when it has something else by now
   * @throws {CommandError} when it does not fit: then nothing has changed
   */
  replace(
    args: Arguments,
    index: number,
    value: Uint8Array,
    from: number,
    to: number,
    expiry: number,
  ): boolean {
    if (!this.#replace(args, index, value, from, to, expiry)) return false;
    this.entries.countSet();
    return true;
  }

  /** Gives what the last `read`, which was of this key, found another expiry. False as for `replace`. */
  expireFound(args: Arguments, index: number, length: number, expiry: number): boolean {
    return this.#replace(args, index, this.found, 0, length, expiry);
  }

  /** Removes a key. True when it had a value. */
  remove(args: Arguments, index: number): boolean {
    this.#note(args, index);
    const removed = this.entries.deleteRange(args.bytes, args.start(index), args.end(index));
    if (removed) this.entries.countDelete();
    return removed;
  }

  /** Removes what the last `read`, which was of this key, found. False as for `replace`. */
  removeFound(args: Arguments, index: number): boolean {
    const { bytes } = args;
    if (!this.entries.deleteRangeIfUnchanged(bytes, args.start(index), args.end(index))) return false;
    this.entries.countDelete();
    return true;
  }

  has(args: Arguments, index: number): boolean {
    this.#note(args, index);
    return this.entries.hasRange(args.bytes, args.start(index), args.end(index));
  }

  /** When a key expires: see `expiry`; -1 when it has no value. */
  expiryOf(args: Arguments, index: number): number {
    this.#note(args, index);
    return this.entries.expiryRange(args.bytes, args.start(index), args.end(index));
  }

  /** Runs a command over several keys so that nobody sees a part of it. */
  exclusively<T>(run: () => T): T {
    return this.#turn.exclusively(run);
  }

  /** What follows a `read` of its key is no access of its own. */
  #note(args: Arguments, index: number): void {
    if (keySampler.isOn) keySampler.noteRange(args.bytes, args.start(index), args.end(index));
  }

  #replace(
    args: Arguments,
    index: number,
    value: Uint8Array,
    from: number,
    to: number,
    expiry: number,
  ): boolean {
    const start = args.start(index);
    const end = args.end(index);
    const outcome = this.entries.putRangeIfUnchanged(args.bytes, start, end, value, from, to, expiry);
    if (outcome === 'no room') throw new CommandError(TOO_LONG);
    return outcome === 'stored';
  }
}

/** Memory for so many bytes, and for some more, so that a value that grows does not need new memory each time. */
function roomFor(length: number): Buffer {
  return Buffer.allocUnsafeSlow(length > MOST_KEPT ? length : 2 ** Math.ceil(Math.log2(length)));
}
