/** The protocols that clients of the soak speak, and what they say in each to read, write and remove a key. */
import type { LoadConnection, RequestBytes } from '../load/connection.js';
import { DIALECTS } from '../load/dialects.js';

export const TONGUES = ['http1', 'http2', 'resp'] as const;
export type Tongue = (typeof TONGUES)[number];

export interface Speech {
  connect(port: number): LoadConnection;
  read(key: string): RequestBytes;
  /** @param ttl milliseconds; 0: none */
  write(key: string, value: Buffer, ttl: number): RequestBytes;
  remove(key: string): RequestBytes;
}

export const SPEECH: Readonly<Record<Tongue, Speech>> = {
  http1: {
    connect: DIALECTS.hotshard.connect,
    read: (key) => ({ text: DIALECTS.hotshard.read(key) }),
    write: (key, value, ttl) => ({
      text: DIALECTS.hotshard.write(withTtl(key, ttl), value.length).before,
      body: [value, ''],
    }),
    remove: (key) => ({ text: `DELETE /store/${key} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n` }),
  },
  http2: {
    connect: DIALECTS['hotshard over h2c'].connect,
    read: (key) => ({ text: `GET /get/${key}` }),
    write: (key, value, ttl) => ({
      text: DIALECTS['hotshard over h2c'].write(withTtl(key, ttl), value.length).before,
      body: [value, ''],
    }),
    remove: (key) => ({ text: `DELETE /store/${key}` }),
  },
  resp: {
    connect: DIALECTS.redis.connect,
    read: (key) => ({ text: DIALECTS.redis.read(key) }),
    write: (key, value, ttl) => {
      const { before, after } = DIALECTS.redis.write(key, value.length);
      if (ttl === 0) return { text: before, body: [value, after] };
      const time = String(ttl);
      return {
        text: before.replace('*3', '*5'),
        body: [value, `${after}$2\r\nPX\r\n$${time.length}\r\n${time}\r\n`],
      };
    },
    remove: (key) => ({ text: `*2\r\n$3\r\nDEL\r\n$${key.length}\r\n${key}\r\n` }),
  },
};

function withTtl(key: string, ttl: number): string {
  return ttl === 0 ? key : `${key}?ttl=${ttl / 1000}`;
}
