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

/** Header fields by name. */
export type Headers = Readonly<Record<string, string>>;

/** What is around a value in a request that writes it. */
export interface Write {
  readonly before: string;
  readonly after: string;
}

export interface Language {
  readonly connect: (port: number, host?: string, from?: string) => LoadConnection;
  /** @param headers of HTTP/1.1; without them, the host is 127.0.0.1 */
  read(key: string, headers?: Headers): string;
  /** @param length of the value, in bytes */
  write(key: string, length: number, headers?: Headers): Write;
}

const HOST: Headers = { Host: '127.0.0.1' };

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
    read: (key, headers) => request('GET', `/get/${key}`, headers),
    write: (key, length, headers = HOST) => ({
      before: request('POST', `/store/${key}`, { ...headers, 'Content-Length': String(length) }),
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
    read: (key, headers) => request('GET', `/lookup?key=${key}`, headers),
    write: noWrite,
  },
  'lookup without key': {
    connect: raw(httpHead),
    read: (_, headers) => request('GET', '/lookup', headers),
    write: noWrite,
  },
  webdis: {
    connect: raw(httpHead),
    read: (key, headers) => request('GET', `/GET/${key}`, headers),
    write: (key, _, headers = HOST) => ({
      before: `GET /SET/${key}/`,
      after: ` HTTP/1.1\r\n${headerLines(headers)}\r\n`,
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

function request(method: string, path: string, headers = HOST): string {
  return `${method} ${path} HTTP/1.1\r\n${headerLines(headers)}\r\n`;
}

function headerLines(headers: Headers): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

function noWrite(): never {
  throw new Error('/lookup only reads');
}
