/** How each kind of server wants to be asked, and how its answers are read. */
import { httpHead, memcachedHead, type ReadHead, respHead } from './answers.js';

export type Dialect =
  | 'hotshard'
  /** `GET /lookup?key=…`, which knows no writes. */
  | 'lookup'
  /** The same without a key: 400. */
  | 'lookup without key'
  | 'webdis'
  | 'redis'
  | 'memcached';

/** What is around a value in a request that writes it. */
export interface Write {
  readonly before: string;
  readonly after: string;
}

export interface Language {
  readonly readHead: ReadHead;
  /** @param host for HTTP, as it stands in the request; without it, 127.0.0.1 */
  read(key: string, host?: string): string;
  /** @param length of the value, in bytes */
  write(key: string, length: number, host?: string): Write;
}

const HOST = '127.0.0.1';

export const DIALECTS: Readonly<Record<Dialect, Language>> = {
  hotshard: {
    readHead: httpHead,
    read: (key, host) => request('GET', `/get/${key}`, host),
    write: (key, length, host) => ({
      before: request('POST', `/store/${key}`, host, [`Content-Length: ${length}`]),
      after: '',
    }),
  },
  lookup: {
    readHead: httpHead,
    read: (key, host) => request('GET', `/lookup?key=${key}`, host),
    write: noWrite,
  },
  'lookup without key': {
    readHead: httpHead,
    read: (_, host) => request('GET', '/lookup', host),
    write: noWrite,
  },
  webdis: {
    readHead: httpHead,
    read: (key, host) => request('GET', `/GET/${key}`, host),
    write: (key, _, host = HOST) => ({
      before: `GET /SET/${key}/`,
      after: ` HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    }),
  },
  redis: {
    readHead: respHead,
    read: (key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`,
    write: (key, length) => ({
      before: `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${length}\r\n`,
      after: '\r\n',
    }),
  },
  memcached: {
    readHead: memcachedHead,
    read: (key) => `get ${key}\r\n`,
    write: (key, length) => ({ before: `set ${key} 0 0 ${length}\r\n`, after: '\r\n' }),
  },
};

function request(method: string, path: string, host = HOST, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n');
}

function noWrite(): never {
  throw new Error('/lookup only reads');
}
