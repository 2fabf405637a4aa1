/** What the load asks for: requests in the dialect of a server, and the order they come in. */
import { randomNumbers, shuffled, zipfRanks } from '../zipf.js';
import type { RequestBytes } from './connection.js';
import { DIALECTS, type Dialect, type Headers } from './dialects.js';

export const VALUE_LENGTH = 32;

/** Bytes: values up to this are made anew for each request; longer ones are pieces of one long text. */
const SHORT = 1024;

export interface Workload {
  readonly dialect: Dialect;
  /** They are `key:0`, `key:1`, … */
  readonly keys: number;
  /** Number of the first, where only some of a store's keys are asked for; absent: 0. Of {@link eachKey} only. */
  readonly first?: number;
  readonly seed: number;
  /** Bytes; absent: {@link VALUE_LENGTH}. */
  readonly valueSize?: number | undefined;
  /** Header fields of every request over HTTP/1.1; absent: the host 127.0.0.1. */
  readonly headers?: Headers | undefined;
}

export interface Mix extends Workload {
  /** Of the requests, 0 to 1: the others write. */
  readonly reads: number;
  /** Of Zipf's distribution: 0 = all keys alike. */
  readonly exponent: number;
}

export interface Request extends RequestBytes {
  readonly isWrite: boolean;
}

export function readRequest(key: string): string {
  return DIALECTS.hotshard.read(key);
}

/** Which keys are asked for often is the same for all seeds, so that a cache can get ready for it. */
const POPULARITY_SEED = 1;

/** Endless, and the same for the same seed. */
export function mixed({ keys, seed, reads, exponent, ...workload }: Mix): () => Request {
  const random = randomNumbers(seed);
  const nextKey = keysBy(exponent, keys, random);
  const { read, write } = operationsOf(workload, random);
  return () => {
    const key = nameOf(nextKey());
    return random() < reads ? read(key) : write(key);
  };
}

/** Every key once, in random order; undefined after the last. */
export function eachKey(
  { keys, first = 0, seed, ...workload }: Workload,
  operation: 'read' | 'write',
): () => Request | undefined {
  const random = randomNumbers(seed);
  const order = shuffled(keys, random).values();
  const { read, write } = operationsOf(workload, random);
  return () => {
    const { value, done } = order.next();
    if (done) return undefined;
    const key = nameOf(first + value);
    return operation === 'read' ? read(key) : write(key);
  };
}

export function nameOf(key: number): string {
  return `key:${key}`;
}

/** Hexadecimal digits. */
export function valueBy(random: () => number, length = VALUE_LENGTH): string {
  let value = '';
  while (value.length < length) {
    value += ((random() * 2 ** 32) >>> 0).toString(16).padStart(8, '0');
  }
  return value.slice(0, length);
}

function keysBy(exponent: number, keys: number, random: () => number): () => number {
  // All alike: no table of probabilities, which would be as large as the keys are many.
  if (exponent === 0) return () => Math.floor(random() * keys);
  const nextRank = zipfRanks(keys, exponent, random);
  const keyOfRank = shuffled(keys, randomNumbers(POPULARITY_SEED));
  return () => keyOfRank[nextRank()];
}

interface Operations {
  read(key: string): Request;
  write(key: string): Request;
}

function operationsOf(workload: Omit<Workload, 'keys' | 'seed'>, random: () => number): Operations {
  const { dialect, headers } = workload;
  const { read } = DIALECTS[dialect];
  return {
    read: (key) => ({ isWrite: false, text: read(key, headers) }),
    write: writesOf(workload, random),
  };
}

function writesOf(
  { dialect, valueSize = VALUE_LENGTH, headers }: Omit<Workload, 'keys' | 'seed'>,
  random: () => number,
): Operations['write'] {
  const { write } = DIALECTS[dialect];
  if (valueSize <= SHORT) {
    return (key) => {
      const { before, after } = write(key, valueSize, headers);
      return { isWrite: true, text: before + valueBy(random, valueSize) + after };
    };
  }
  const long = Buffer.from(valueBy(random, valueSize + SHORT), 'latin1');
  return (key) => {
    const { before, after } = write(key, valueSize, headers);
    const start = Math.floor(random() * SHORT);
    return { isWrite: true, text: before, body: [long.subarray(start, start + valueSize), after] };
  };
}
