/**
 * The rate limit: how many requests a client may make per second, over all workers and protocols together.
 *
 * ## The bucket
 *
 * Each client has a token bucket as large as a second's requests, kept as one number: the generic cell rate algorithm
 * (ITU-T Recommendation I.371; ATM Forum, Traffic Management Specification 4.0). The number is the time at which the bucket
 * will be full again. A request moves it on by what a request costs, and is refused when that would leave it more than
 * the whole bucket ahead of now. So in any time `t` no more than `rate + t * rate` are admitted, exactly: the number lies
 * in one 64-bit word, and is moved by compare-exchange. Whoever makes that go round again was admitted.
 *
 * Time is counted in units of which a request costs a whole number, so that no rate is rounded.
 *
 * ## The table
 *
 * A word has the client's tag too, 16 bits of a keyed hash of its address. Others of its bits say in which set of
 * {@link WAYS} words it lies, a cache line, and where it is looked for first. The key is random, so that nobody can
 * choose addresses that meet.
 *
 * A word whose time has come says what no word says: the bucket is full. So whoever has been silent for a second is
 * forgotten without a loss, and the table has to hold only those who were not. When a set is full of them, the one
 * that has used least is forgotten: it gets its second's requests again. So what many addresses can do to the table makes
 * the limit wider, for those who use little of it, and refuses nobody. Two clients share a bucket when their tags are the
 * same and both are in the same set at the same time: with a full table about one in 9,000 does.
 *
 * Two workers that see a client's first request at the same instant take the same word for it, and one of them finds it
 * taken. Only if another client's request falls between the two may they take two words: then one request is not counted.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { hrtime } from 'node:process';
import { clientOf } from './client-address.js';

/** Words of a set. */
const WAYS = 8;

/** Clients that a table holds, unless it is told otherwise: half a megabyte. */
const CLIENTS = 65_536;

/** Bits of a word that are time; those above are the tag. At the finest units they last for 4 years. */
const TIME_BITS = 48n;
const TIME_MASK = (1n << TIME_BITS) - 1n;

/** Units of a second, at least. */
const LEAST_UNITS = 1_000_000;

const KEY_BYTES = 16;

/** Structured-cloneable: the limit as one thread creates it and all threads attach to it. */
export interface RateLimitHandle {
  readonly buffer: SharedArrayBuffer;
  /** Requests per second and client. */
  readonly rate: number;
  /** Of the hash that says where a client lies. */
  readonly key: Uint8Array;
  /** Seconds of the process's clock at which time begins. */
  readonly origin: number;
}

export interface RateLimitOptions {
  /** Requests per second and client, from 1 to 1,000,000. It is also how many may come at once. */
  readonly rate: number;
  /** Clients that are remembered, a power of two from 8 on. */
  readonly clients?: number;
}

/** Seconds and nanoseconds of a clock that all threads share and that never goes back. */
export type Clock = () => readonly [seconds: number, nanoseconds: number];

/** What a refused client is told. */
export interface RateUsage {
  /** Requests per second. */
  readonly limit: number;
  /** Requests that would be admitted now. */
  readonly remaining: number;
  /** Seconds until one more request is admitted, 0 = now; and until the bucket is full. */
  readonly next: number;
  readonly full: number;
}

/** What all buckets of a limit have in common. */
interface Table {
  readonly words: BigInt64Array;
  readonly rate: number;
  /** Units that a request costs. */
  readonly cost: number;
  /** Units of a second: what a bucket holds. */
  readonly second: number;
  /** Units since the origin. */
  now(): number;
}

export class RateLimit {
  readonly #table: Table;
  readonly #key: Uint8Array;

  private constructor({ buffer, rate, key, origin }: RateLimitHandle, clock: Clock) {
    const cost = Math.ceil(LEAST_UNITS / rate);
    const second = cost * rate;
    const now = (): number => {
      const [seconds, nanoseconds] = clock();
      return (seconds - origin) * second + Math.floor((nanoseconds * second) / 1e9);
    };
    this.#table = { words: new BigInt64Array(buffer), rate, cost, second, now };
    this.#key = key;
  }

  /** Makes the limit that all workers share. One thread does it and passes the handle on. */
  static create({ rate, clients = CLIENTS }: RateLimitOptions): RateLimitHandle {
    return {
      buffer: new SharedArrayBuffer(clients * BigInt64Array.BYTES_PER_ELEMENT),
      rate,
      key: randomBytes(KEY_BYTES),
      // A second before now: a word of 0 is in the past.
      origin: hrtime()[0] - 1,
    };
  }

  /** The limit as one thread uses it. @param clock another one than the process's is for tests */
  static attach(handle: RateLimitHandle, clock: Clock = hrtime): RateLimit {
    return new RateLimit(handle, clock);
  }

  /** A client's bucket, to be asked as long as its connection lasts. @param address as Node gives it */
  bucketOf(address: string | undefined): Bucket {
    const hash = createHmac('sha256', this.#key).update(clientOf(address)).digest();
    const set = hash.readUInt32LE(0) & (this.#table.words.length - WAYS);
    return new Bucket(this.#table, set, hash.readUInt8(4) % WAYS, BigInt(hash.readUInt16LE(5)));
  }

  /** Admits a request, or refuses it. Whoever asks more often has a {@link bucketOf} the client. */
  take(address: string | undefined): boolean {
    return this.bucketOf(address).take();
  }
}

/** One client's share of the limit. It stays right when the client has been forgotten in between. */
export class Bucket {
  readonly #table: Table;
  /** Of the first word of the set. */
  readonly #set: number;
  /** The word of the set to begin with. */
  readonly #first: number;
  readonly #tag: bigint;
  /** What {@link #find} has found. */
  #at = 0;
  #word = 0n;

  constructor(table: Table, set: number, first: number, tag: bigint) {
    this.#table = table;
    this.#set = set;
    this.#first = first;
    this.#tag = tag;
  }

  /**
   * Admits so many requests, or none of them: then nothing is used up. More than a second's are never admitted.
   *
   * @param requests at least 1
   */
  take(requests = 1): boolean {
    const { cost, second } = this.#table;
    for (;;) {
      const now = this.#table.now();
      const full = Math.max(this.#find(now), now) + cost * requests;
      if (full > now + second) return false;
      if (this.#replace(full)) return true;
    }
  }

  /** Takes back that one request was admitted, when somebody else is going to ask for it again. */
  giveBack(): void {
    const { cost } = this.#table;
    for (;;) {
      const full = this.#find(this.#table.now());
      if (full < cost || this.#replace(full - cost)) return;
    }
  }

  get usage(): RateUsage {
    const { rate, cost, second } = this.#table;
    const now = this.#table.now();
    const used = Math.max(0, this.#find(now) - now);
    const left = second - used;
    return {
      limit: rate,
      remaining: Math.max(0, Math.floor(left / cost)),
      next: Math.max(0, cost - left) / second,
      full: used / second,
    };
  }

  /**
   * Finds the client's word; else one whose time has come; else the one that has used least.
   *
   * @returns when the client's bucket will be full; 0 when it is none of these words
   */
  #find(now: number): number {
    const { words } = this.#table;
    const time = BigInt(now);
    let least = TIME_MASK;
    for (let step = 0; step < WAYS; step++) {
      const at = this.#set + ((this.#first + step) % WAYS);
      const word = Atomics.load(words, at);
      const full = word & TIME_MASK;
      if (BigInt.asUintN(64, word) >> TIME_BITS === this.#tag) {
        this.#at = at;
        this.#word = word;
        return Number(full);
      }
      const used = full > time ? full : 0n;
      if (used >= least) continue;
      least = used;
      this.#at = at;
      this.#word = word;
    }
    return 0;
  }

  /** False: the word that was found has changed. */
  #replace(full: number): boolean {
    const word = BigInt.asIntN(64, (this.#tag << TIME_BITS) | BigInt(full));
    return Atomics.compareExchange(this.#table.words, this.#at, this.#word, word) === this.#word;
  }
}
