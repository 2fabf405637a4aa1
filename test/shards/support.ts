/**
 * What the tests of the map share: seeded randomness, values that prove themselves, messages that name an argument.
 *
 * HOTSHARD_SEED repeats a run, HOTSHARD_EFFORT multiplies the iterations (0.1 unless said otherwise, 10 for a long run, 20 for a night).
 */
import { randomInt } from 'node:crypto';
import type { CacheOptions, Guard } from '../../shards/index.js';

export { GUARDS } from '../../shards/index.js';

/** The same options, with a guard. */
export function guarded(options: CacheOptions, guard: Guard): CacheOptions {
  const withGuard = { ...options, guard };
  return withGuard;
}

export const SEED = Number(process.env.HOTSHARD_SEED ?? randomInt(1, 2 ** 31));
const EFFORT = Number(process.env.HOTSHARD_EFFORT ?? 0.1);

/** To be part of the message of every assertion that a random history leads to. */
export const seeded = (what: string): string => `${what} (HOTSHARD_SEED=${SEED})`;

/** So many iterations, times HOTSHARD_EFFORT. */
export const times = (iterations: number): number => Math.max(1, Math.round(iterations * EFFORT));

/** A pseudo-random sequence (mulberry32), the same for the same seed. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor((this.next() / 2 ** 32) * limit);
  }

  /** Small sizes often, large ones seldom: from 0 to `limit`. */
  size(limit: number): number {
    return this.below(1 + this.below(1 + this.below(1 + limit)));
  }

  chance(one: number): boolean {
    return this.below(one) === 0;
  }
}

const SERIAL = 0;
const LENGTH = 4;
const KEY_LENGTH = 8;
const KEY = 9;

/**
 * A value of `size` bytes that carries its length, its key and a serial number, and whose every other byte follows
 * from these: no mixture of two values, and no value of another key, passes `flawIn`.
 */
export function provingValue(key: string, serial: number, size: number): Uint8Array<ArrayBuffer> {
  const value = new Uint8Array(size);
  let state = Math.imul(size + 1, 0x9e3779b1) ^ hashText(key);
  let from = 0;
  if (size >= KEY + key.length) {
    const view = new DataView(value.buffer);
    view.setUint32(SERIAL, serial);
    view.setUint32(LENGTH, size);
    view.setUint8(KEY_LENGTH, key.length);
    for (let i = 0; i < key.length; i++) value[KEY + i] = key.charCodeAt(i);
    state ^= Math.imul(serial + 1, 0x85ebca6b);
    from = KEY + key.length;
  }
  for (let i = from; i < size; i++) {
    state = (Math.imul(state, 0x19660d) + 0x3c6ef35f) | 0;
    value[i] = state >>> 24;
  }
  return value;
}

/** What is wrong with the value found under an ASCII key; undefined when it is whole, and that key's. */
export function flawIn(key: string, value: Uint8Array): string | undefined {
  const serial = value.length >= KEY + key.length ? serialOf(value) : 0;
  const right = provingValue(key, serial, value.length);
  if (Buffer.compare(right, value) === 0) return undefined;
  let at = 0;
  while (right[at] === value[at]) at++;
  const found = Buffer.from(value.subarray(0, 24)).toString('latin1');
  return `${key}: ${value.length} bytes, serial ${serial}, wrong from byte ${at} on; begins ${JSON.stringify(found)}`;
}

/** The serial number in a value that is long enough to have one. */
export function serialOf(value: Uint8Array): number {
  return new DataView(value.buffer, value.byteOffset).getUint32(SERIAL);
}

function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/** What a call throws, "Class: message"; 'nothing'. */
export function thrownBy(call: () => unknown): string {
  try {
    call();
    return 'nothing';
  } catch (error) {
    return error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);
  }
}

export function bytes(...values: readonly number[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(values);
}

export function textOf(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}

/** Replaces Date.now until `restore` is called. */
export class FakeClock {
  readonly #real = Date.now;
  now: number;

  constructor(now = 1_700_000_000_000) {
    this.now = now;
    Date.now = () => this.now;
  }

  restore(): void {
    Date.now = this.#real;
  }
}

type Callback = () => void;

/**
 * Timers and `performance.now` that stand still until they are told to go on. The test runner has timers of its own:
 * real ones are back when `run` has ended.
 */
export class FakeTimers {
  readonly #intervals = new Set<Callback>();
  #timeouts: Callback[] = [];
  /** What `performance.now` gives. */
  elapsed = 1_000;
  /** Added to `elapsed` by each look at it. */
  perLook = 0;
  /** Called at each look. */
  atLook: Callback = () => {};

  static run(act: (timers: FakeTimers) => void): void {
    const timers = new FakeTimers();
    const real = { setInterval, clearInterval, setTimeout };
    const realNow = performance.now;
    const unref = (callback: Callback) => ({ unref: () => callback, callback });
    Object.assign(globalThis, {
      setInterval: (callback: Callback) => {
        timers.#intervals.add(callback);
        return unref(callback);
      },
      clearInterval: ({ callback }: { callback: Callback }) => timers.#intervals.delete(callback),
      setTimeout: (callback: Callback) => {
        timers.#timeouts.push(callback);
        return unref(callback);
      },
    });
    performance.now = () => {
      timers.atLook();
      timers.elapsed += timers.perLook;
      return timers.elapsed;
    };
    try {
      act(timers);
    } finally {
      Object.assign(globalThis, real);
      performance.now = realNow;
    }
  }

  /** Timeouts that are waited for. */
  get waiting(): number {
    return this.#timeouts.length;
  }

  /** Calls each interval's callback once. */
  fireIntervals(): void {
    for (const callback of [...this.#intervals]) callback();
  }

  /** Calls what was to be called later, and what that puts off, so many times. */
  fireTimeouts(rounds = Infinity): void {
    for (let i = 0; i < rounds && this.#timeouts.length > 0; i++) {
      const due = this.#timeouts;
      this.#timeouts = [];
      for (const callback of due) callback();
    }
  }
}
