/**
 * Threads that each write keys of their own and read all keys, under a model of what may be read at any moment,
 * kept in shared memory: of each key, which write was begun last, which was ended last, and until when what each
 * write brought may be there.
 */
import type { SharedCache } from '../../shards/index.js';
import { flawIn, provingValue, type Random, serialOf } from './support.js';

export interface PressurePlan {
  /** From 0. */
  readonly thread: number;
  readonly threads: number;
  readonly steps: number;
  readonly keys: number;
  /** Bytes. */
  readonly maxSize: number;
  /** Milliseconds. */
  readonly maxTtl: number;
  /** Milliseconds since the epoch: what instants are counted from. */
  readonly since: number;
  readonly model: PressureModel;
}

/** By key. A write has a serial number, from 1 on for each key; a deletion has one too. */
export interface PressureModel {
  /** Number of the last write that was begun. */
  readonly begun: Int32Array<SharedArrayBuffer>;
  /** Number of the last write that was ended. */
  readonly ended: Int32Array<SharedArrayBuffer>;
  /** By key and number: the instant from which on what was written can't be read any more. */
  readonly deadlines: Int32Array<SharedArrayBuffer>;
}

const NEVER = 0x7fffffff;

export function planPressure(options: Omit<PressurePlan, 'thread' | 'since' | 'model'>): PressurePlan[] {
  const words = (count: number) => new Int32Array(new SharedArrayBuffer(4 * count));
  const { keys, steps, threads } = options;
  const model = { begun: words(keys), ended: words(keys), deadlines: words(keys * (steps + 1)) };
  const since = Date.now();
  return Array.from({ length: threads }, (_, thread) => ({ ...options, thread, since, model }));
}

/** Writes and reads, and reports what may not be. Returns the number of values that were found. */
export function press(
  cache: SharedCache,
  plan: PressurePlan,
  random: Random,
  report: (flaw: string) => void,
): number {
  const { thread, threads, steps, keys, maxSize, maxTtl, since, model } = plan;
  const { begun, ended, deadlines } = model;
  const now = (): number => Date.now() - since;
  const nameOf = (key: number): string => `key${key}`;
  const deadlineAt = (key: number, serial: number): number => key * (steps + 1) + serial;
  const ownKeys = Math.ceil((keys - thread) / threads);
  const someOwn = (): number => thread + threads * random.below(ownKeys);
  // Small ones often, but all up to the largest.
  const someSize = (): number => (random.chance(20) ? maxSize - random.below(4) : random.size(maxSize));

  /** The deadline of what gets this time to live by now: it expires before, or at, its last millisecond. */
  const latest = (ttl: number): number => (ttl === 0 ? NEVER : now() + ttl + 1);

  const write = (act: (key: number, name: string, serial: number) => number): void => {
    const key = someOwn();
    const serial = Atomics.add(begun, key, 1) + 1;
    Atomics.store(deadlines, deadlineAt(key, serial), NEVER);
    const deadline = act(key, nameOf(key), serial);
    Atomics.store(deadlines, deadlineAt(key, serial), deadline);
    Atomics.store(ended, key, serial);
  };

  const check = (key: number, value: Uint8Array, asked: number, least: number): void => {
    const name = nameOf(key);
    const flaw = flawIn(name, value);
    if (flaw !== undefined) report(flaw);
    // Too short to have its number in it.
    if (flaw !== undefined || value.length < 9 + name.length) return;
    const serial = serialOf(value);
    const most = Atomics.load(begun, key);
    if (serial < least) report(`${name}: write ${serial} was read after write ${least} had ended`);
    if (serial > most) report(`${name}: write ${serial} was read, and ${most} is the last one`);
    const deadline = Atomics.load(deadlines, deadlineAt(key, serial));
    if (asked >= deadline) report(`${name}: expired by ${deadline}, read at ${asked}`);
  };

  const read = (): number => {
    const key = random.below(keys);
    const least = Atomics.load(ended, key);
    const asked = now();
    const left = random.chance(4) ? cache.ttl(nameOf(key)) : undefined;
    if (left !== undefined && left > maxTtl && left !== Infinity)
      report(`${nameOf(key)}: ${left} ms to live`);
    const value = cache.get(nameOf(key));
    if (value !== undefined) check(key, value, asked, least);
    return value === undefined ? 0 : 1;
  };

  let found = 0;
  for (let i = 0; i < steps; i++) {
    const ttl = random.chance(3) ? 0 : 1 + random.below(maxTtl);
    switch (random.below(10)) {
      case 0:
      case 1:
      case 2:
        write((_key, name, serial) => {
          const size = someSize();
          if (!cache.set(name, provingValue(name, serial, size), { ttl }))
            report(`${name}: ${size} bytes refused`);
          return latest(ttl);
        });
        break;
      case 3:
        write((key, name, serial) => {
          let deadline = NEVER;
          const asked = now();
          cache.update(name, (current) => {
            // The time to live stays, unless the key is a new one.
            deadline = current === undefined ? NEVER : Atomics.load(deadlines, deadlineAt(key, serial - 1));
            if (current !== undefined) check(key, current, asked, serial - 1);
            return provingValue(name, serial, someSize());
          });
          return deadline;
        });
        break;
      case 4:
        write((_key, name) => {
          cache.delete(name);
          return 0;
        });
        break;
      case 5: {
        const key = someOwn();
        const place = deadlineAt(key, Atomics.load(begun, key));
        Atomics.store(deadlines, place, NEVER);
        // What was not there stays absent.
        cache.expire(nameOf(key), ttl);
        Atomics.store(deadlines, place, latest(ttl));
        break;
      }
      default:
        found += read();
    }
  }
  return found;
}
