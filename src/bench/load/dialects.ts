/** How each kind of server wants to be asked, and how its answers are read. */
import { httpHead, memcachedHead, type ReadHead, respHead } from './answers.js';
import { Connection, type LoadConnection } from './connection.js';
import { Http2Connection } from './http2-connection.js';
import { PipelinedConnection } from './pipelined-connection.js';

export type Dialect =
  | 'hotshard'
  /** The same over HTTP/2 with prior knowledge. */
  | 'hotshard over h2c'
  /** `GET /lookup?key=…`, which knows no writes. */
  | 'lookup'
  /** The same without a key: 400. */
  | 'lookup without key'
  | 'webdis'
  | 'redis'
  /** The same with several requests under way on each connection. */
  | 'redis, pipelined'
  | 'memcached';

/** What is around a value in a request that writes it. */
export interface Write {
  readonly before: string;
  readonly after: string;
}

export interface Language {
  readonly connect: (port: number, host?: string, from?: string) => LoadConnection;
  /** @param host for HTTP, as it stands in the request; without it, 127.0.0.1 */
  read(key: string, host?: string): string;
  /** @param length of the value, in bytes */
  write(key: string, length: number, host?: string): Write;
}

const HOST = '127.0.0.1';

const REDIS: Omit<Language, 'connect'> = {
  read: (key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`,
  write: (key, length) => ({
    before: `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${length}\r\n`,
    after: '\r\n',
  }),
};

export const DIALECTS: Readonly<Record<Dialect, Language>> = {
  hotshard: {
    connect: raw(httpHead),
    read: (key, host) => request('GET', `/get/${key}`, host),
    write: (key, length, host) => ({
      before: request('POST', `/store/${key}`, host, [`Content-Length: ${length}`]),
      after: '',
    }),
  },
  'hotshard over h2c': {
    connect: (port, host) => new Http2Connection(port, host),
    read: (key) => `GET /get/${key}`,
    write: (key) => ({ before: `POST /store/${key}\n`, after: '' }),
  },
  lookup: {
    connect: raw(httpHead),
    read: (key, host) => request('GET', `/lookup?key=${key}`, host),
    write: noWrite,
  },
  'lookup without key': {
    connect: raw(httpHead),
    read: (_, host) => request('GET', '/lookup', host),
    write: noWrite,
  },
  webdis: {
    connect: raw(httpHead),
    read: (key, host) => request('GET', `/GET/${key}`, host),
    write: (key, _, host = HOST) => ({
      before: `GET /SET/${key}/`,
      after: ` HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    }),
  },
  redis: { connect: raw(respHead), ...REDIS },
  'redis, pipelined': {
    connect: (port, host) => new PipelinedConnection(port, respHead, host),
    ...REDIS,
  },
  memcached: {
    connect: raw(memcachedHead),
    read: (key) => `get ${key}\r\n`,
    write: (key, length) => ({ before: `set ${key} 0 0 ${length}\r\n`, after: '\r\n' }),
  },
};

function raw(readHead: ReadHead): Language['connect'] {
  return (port, host, from) => new Connection(port, readHead, host, from);
}

function request(method: string, path: string, host = HOST, headers: readonly string[] = []): string {
  return [`${method} ${path} HTTP/1.1`, `Host: ${host}`, ...headers, '', ''].join('\r\n');
}

function noWrite(): never {
  throw new Error('/lookup only reads');
}
