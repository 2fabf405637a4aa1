/**
 * What the maps of `bench:map` are given: keys and values, each kind in one buffer, the same for the same seed, so
 * that several threads have the same without sending them; and the accesses.
 */
import { randomNumbers, shuffled, zipfRanks } from '../zipf.js';

export const EXPONENT = 0.99;
/** Bytes of a UUID as text. */
export const KEY_SIZE = 36;

const SEED = 1;
const ABSENT_SEED = 2;
/** Which rank a key has; threads that draw differently still have the same popular keys. */
const POPULARITY_SEED = 3;

/** Set in an element of a mixed sequence: this access is a write. */
export const WRITE = 0x8000_0000;

const HEX = Buffer.from('0123456789abcdef');
const HYPHEN = 0x2d;

/** Byte arrays of one size, one after another. */
export interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
  readonly size: number;
}

export interface Data {
  readonly keys: Packed;
  /** Keys that no map is given. */
  readonly absent: Packed;
  readonly values: Packed;
}

export function makeData(count: number, valueSize: number): Data {
  const keys = uuids(count, SEED);
  return { keys, absent: uuids(count, ABSENT_SEED), values: valuesFor(keys, valueSize) };
}

/** Random UUIDs of version 4. */
export function uuids(count: number, seed: number): Packed {
  const random = randomNumbers(seed);
  const bytes = new Uint8Array(count * KEY_SIZE);
  for (let start = 0; start < bytes.length; start += KEY_SIZE) {
    let bits = 0;
    let left = 0;
    for (let i = 0; i < KEY_SIZE; i++) {
      if (i === 8 || i === 13 || i === 18 || i === 23) {
        bytes[start + i] = HYPHEN;
        continue;
      }
      if (left === 0) {
        bits = Math.floor(random() * 2 ** 32);
        left = 8;
      }
      let digit = bits & 15;
      if (i === 14) digit = 4;
      if (i === 19) digit = 8 | (digit & 3);
      bytes[start + i] = HEX[digit];
      bits >>>= 4;
      left--;
    }
  }
  return { bytes, count, size: KEY_SIZE };
}

/** Values of ASCII characters that differ from key to key: the key, over and over. */
export function valuesFor({ bytes: keys, count, size: keySize }: Packed, size: number): Packed {
  const bytes = new Uint8Array(count * size);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j < size; j++) bytes[i * size + j] = keys[i * keySize + (j % keySize)];
  }
  return { bytes, count, size };
}

/** Each as a string of its own, flat, as one is that was read from somewhere. */
export function textsOf({ bytes, count, size }: Packed): string[] {
  const buffer = Buffer.from(bytes.buffer);
  return Array.from({ length: count }, (_, i) => buffer.toString('latin1', i * size, (i + 1) * size));
}

/** Each as an object of its own. */
export function arraysOf({ bytes, count, size }: Packed): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

/** Copies one of them to an array that is used again for the next, as a server has what it read from a socket. */
export function loaderOf({ bytes, size }: Packed): (index: number) => Uint8Array {
  const loaded = new Uint8Array(size);
  return (index) => {
    const start = index * size;
    for (let i = 0; i < size; i++) loaded[i] = bytes[start + i];
    return loaded;
  };
}

/**
 * Indices of keys, as they are asked for.
 *
 * @param seed another one draws others from the same distribution
 * @param writes share of accesses that have WRITE set, from 0 to 1
 */
export function accesses(keys: number, length: number, seed: number, writes = 0): Uint32Array {
  const random = randomNumbers(seed);
  const keyOfRank = shuffled(keys, randomNumbers(POPULARITY_SEED));
  const nextRank = zipfRanks(keys, EXPONENT, random);
  return Uint32Array.from({ length }, () => {
    const index = keyOfRank[nextRank()];
    return random() < writes ? index | WRITE : index;
  });
}

/** Bytes an entry takes beside its key and value, rounded up generously: header, expiry, padding, index. */
const OVERHEAD = 48;
const MIN_MEMORY = 16 * 1024 * 1024;

/** Memory for twice the entries, so that nothing is evicted however the writes fall. */
export function memoryFor({ keys, values }: Pick<Data, 'keys' | 'values'>): number {
  const payload = keys.bytes.length + values.bytes.length + keys.count * OVERHEAD;
  return Math.max(MIN_MEMORY, 2 * payload);
}
