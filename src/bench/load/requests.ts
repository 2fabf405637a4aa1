/** What the load asks for: requests as text, in the way of each kind of server, and the order they come in. */
import { randomNumbers, shuffled, zipfRanks } from '../zipf.js';

export const VALUE_LENGTH = 32;

/** How a server wants to be asked. */
export type Dialect = 'hotshard' | 'webdis';

/** Texts of requests for a key. Values are {@link VALUE_LENGTH} characters. */
interface Requests {
  read(key: string): string;
  write(key: string, value: string): string;
}

const REQUESTS: Readonly<Record<Dialect, Requests>> = {
  hotshard: {
    read: (key) => request('GET', `/get/${key}`),
    write: (key, value) => `${request('POST', `/store/${key}`, [`Content-Length: ${value.length}`])}${value}`,
  },
  webdis: {
    read: (key) => request('GET', `/GET/${key}`),
    write: (key, value) => request('GET', `/SET/${key}/${value}`),
  },
};

export interface Workload {
  readonly dialect: Dialect;
  /** They are `key:0`, `key:1`, … */
  readonly keys: number;
  readonly seed: number;
}

export interface Mix extends Workload {
  /** Of the requests, 0 to 1: the others write. */
  readonly reads: number;
  /** Of Zipf's distribution: 0 = all keys alike. */
  readonly exponent: number;
}

export interface Request {
  readonly isWrite: boolean;
  readonly text: string;
}

export function readRequest(key: string): string {
  return REQUESTS.hotshard.read(key);
}

/** Which keys are asked for often is the same for all seeds, so that a cache can get ready for it. */
const POPULARITY_SEED = 1;

/** Endless, and the same for the same seed. */
export function mixed({ dialect, keys, seed, reads, exponent }: Mix): () => Request {
  const random = randomNumbers(seed);
  const nextRank = zipfRanks(keys, exponent, random);
  const keyOfRank = shuffled(keys, randomNumbers(POPULARITY_SEED));
  const readOf = Array.from({ length: keys }, (_, key) => ({
    isWrite: false,
    text: REQUESTS[dialect].read(nameOf(key)),
  }));
  return () => {
    const key = keyOfRank[nextRank()];
    if (random() < reads) return readOf[key];
    return { isWrite: true, text: REQUESTS[dialect].write(nameOf(key), valueBy(random)) };
  };
}

/** Every key once, in random order; undefined after the last. */
export function eachKey(
  { dialect, keys, seed }: Workload,
  operation: 'read' | 'write',
): () => Request | undefined {
  const random = randomNumbers(seed);
  const order = shuffled(keys, random).values();
  return () => {
    const { value: key, done } = order.next();
    if (done) return undefined;
    if (operation === 'read') return { isWrite: false, text: REQUESTS[dialect].read(nameOf(key)) };
    return { isWrite: true, text: REQUESTS[dialect].write(nameOf(key), valueBy(random)) };
  };
}

export function nameOf(key: number): string {
  return `key:${key}`;
}

/** Hexadecimal digits. */
export function valueBy(random: () => number): string {
  let value = '';
  while (value.length < VALUE_LENGTH) {
    value += ((random() * 2 ** 32) >>> 0).toString(16).padStart(8, '0');
  }
  return value;
}

function request(method: string, path: string, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, 'Host: 127.0.0.1', ...headers, '', ''].join('\r\n');
}
