/** What the peers' programs have in common. Arguments: the port, and the number of keys that the cache has room for. */
import { LRUCache } from 'lru-cache';

const [port, max] = process.argv.slice(2).map(Number);

export const ADDRESS = { host: '127.0.0.1', port };
export const ABSENT = 'No value found for key';
export const TEXT = 'text/plain; charset=utf-8';

/** Bytes of the largest value. */
export const MAX_VALUE_SIZE = 1024 * 1024;

/** Bytes of the longest key, percent-encoded. */
export const MAX_KEY_LENGTH = 3 * 512;

export const cache = new LRUCache<string, Buffer>({ max });
