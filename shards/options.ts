/** The options of a cache: what is allowed, and what is taken where nothing is said. */
import { describe } from './key-buffer.js';
import { fewestShards, MAX_SHARD_BYTES, MAX_SHARDS, MIN_MEMORY, mostShards } from './layout.js';

const MIB = 1024 * 1024;

/** Longest time to live in milliseconds. */
export const MAX_TTL = Number.MAX_SAFE_INTEGER;

/** Largest cache in bytes. */
export const MAX_MEMORY = MAX_SHARDS * MAX_SHARD_BYTES;

/** How many shards a cache of `maxMemory` bytes may have. */
export function shardRange(maxMemory: number): { least: number; most: number } {
  return { least: fewestShards(maxMemory), most: mostShards(maxMemory) };
}

/** How reads are protected: `lock-free`, or a lock per shard for reads too, for comparison. */
export const GUARDS = ['lock-free', 'lock'] as const;
export type Guard = (typeof GUARDS)[number];

/** Shards of a cache with locks when the user names none: enough for its threads to meet rarely. */
const SHARDS_WITH_LOCKS = 16;
/** Least memory per shard that these are made for, in bytes. */
const MEMORY_PER_LOCK = MIB;

export interface CacheOptions {
  /** Bytes of memory, all included, at least 64 KiB. */
  readonly maxMemory: number;
  /** Most keys held; 0 or absent: as many as fit. */
  readonly maxKeys?: number;
  /** Largest value in bytes; absent: 1 MiB, or `maxMemory` where that is less. */
  readonly maxValueSize?: number;
  /** Parts the map is cut into, each with memory of its own; absent: one per GiB, or 16 with `guard: 'lock'`. */
  readonly shards?: number;
  /** Time to live of entries that are set without one, in milliseconds; 0 or absent: none. */
  readonly ttl?: number;
  /** Absent: `lock-free`. */
  readonly guard?: Guard;
}

/** The options with every default filled in. */
export type ResolvedOptions = Required<CacheOptions>;

/**
 * @throws {TypeError} when an option is of the wrong type
 * @throws {RangeError} when it is out of its range
 */
export function resolveOptions(options: CacheOptions): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`options must be an object with maxMemory, not ${describe(options)}`);
  }
  const maxMemory = wholeNumber('maxMemory', options.maxMemory, MIN_MEMORY, MAX_MEMORY);
  const maxKeys = wholeNumber('maxKeys', options.maxKeys ?? 0, 0, 2 ** 31 - 1);
  const maxValueSize = wholeNumber(
    'maxValueSize',
    options.maxValueSize ?? Math.min(MIB, maxMemory),
    0,
    maxMemory,
  );
  const guard = oneOf('guard', options.guard ?? 'lock-free', GUARDS);
  const { least, most } = shardRange(maxMemory);
  const wanted = guard === 'lock' ? Math.min(SHARDS_WITH_LOCKS, Math.floor(maxMemory / MEMORY_PER_LOCK)) : 0;
  const shards = wholeNumber('shards', options.shards ?? Math.max(least, wanted), least, most);
  return { maxMemory, maxKeys, maxValueSize, shards, ttl: checkTtl('ttl', options.ttl ?? 0), guard };
}

/**
 * @returns the time to live in milliseconds, 0 = none
 * @throws {TypeError | RangeError} when it is not a number from 0 to MAX_TTL, or Infinity for none
 */
export function checkTtl(name: string, ttl: unknown): number {
  if (typeof ttl !== 'number')
    throw new TypeError(`${name} must be a number of milliseconds, not ${describe(ttl)}`);
  if (ttl === Infinity) return 0;
  if (!(ttl >= 0 && ttl <= MAX_TTL)) {
    throw new RangeError(`${name} must be 0 (none) to ${MAX_TTL} milliseconds, not ${ttl}`);
  }
  return ttl;
}

function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value);
  if (found !== undefined) return found;
  const choice = allowed.map((one) => `'${one}'`).join(' or ');
  if (typeof value !== 'string') throw new TypeError(`${name} must be ${choice}, not ${describe(value)}`);
  throw new RangeError(`${name} must be ${choice}, not '${value}'`);
}

/** A number that must be whole and within a range, checked: errors name it by `name`. */
export function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw new TypeError(`${name} must be a number, not ${describe(value)}`);
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${value}`);
  }
  return value;
}
