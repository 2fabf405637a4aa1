/**
 * Stands before a Redis and makes it slow: every reply is passed on so many milliseconds after it came. It counts the
 * reads of values that have come in and whose replies have not gone out, over all connections.
 */
import { once } from 'node:events';
import { createConnection, createServer, type Server, type Socket } from 'node:net';

const CR = 0x0d;

export interface DelayingProxy {
  readonly port: number;
  /** The most reads that were under way at a time. */
  readonly mostReads: number;
  stop(): Promise<void>;
}

/** @param delay milliseconds */
export async function startDelayingProxy(redisPort: number, delay: number): Promise<DelayingProxy> {
  const count = new ReadCount();
  const open = new Set<Socket>();
  const server: Server = createServer((client) => {
    const redis = createConnection({ host: '127.0.0.1', port: redisPort, noDelay: true });
    client.setNoDelay(true);
    const asked: string[] = [];
    const commands = new Items((item) => {
      const name = nameOf(item);
      asked.push(name);
      count.begin(name);
    });
    const replies = new Items((item) => {
      // What Redis says unasked answers no command.
      if (item[0] !== PUSH) count.end(asked.shift());
    });
    client.on('data', (bytes: Buffer) => {
      commands.take(bytes);
      redis.write(bytes);
    });
    redis.on('data', (bytes: Buffer) => {
      setTimeout(() => {
        replies.take(bytes);
        client.write(bytes);
      }, delay);
    });
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      open.add(one);
      one.on('error', () => {}); // 'close' follows
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    client.on('close', () => {
      for (const name of asked.splice(0)) count.end(name);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port');
  return {
    port: address.port,
    get mostReads() {
      return count.most;
    },
    stop: async () => {
      server.close();
      for (const socket of open) socket.destroy();
      await once(server, 'close');
    },
  };
}

class ReadCount {
  most = 0;
  #now = 0;

  begin(name: string): void {
    if (name !== 'get') return;
    this.#now++;
    this.most = Math.max(this.most, this.#now);
  }

  end(name: string | undefined): void {
    if (name === 'get') this.#now--;
  }
}

const [PUSH, ARRAY, SET, MAP, BULK, ERROR, VERBATIM] = [...Buffer.from('>*~%$!=')];

/** Cuts what comes over a connection into commands, or replies, which have the same form. */
class Items {
  readonly #onItem: (item: Buffer) => void;
  #bytes = Buffer.alloc(0);

  constructor(onItem: (item: Buffer) => void) {
    this.#onItem = onItem;
  }

  take(bytes: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    let at = 0;
    for (let end = endOf(this.#bytes, at); end !== undefined; end = endOf(this.#bytes, at)) {
      this.#onItem(this.#bytes.subarray(at, end));
      at = end;
    }
    this.#bytes = this.#bytes.subarray(at);
  }
}

/** Where the item that begins there ends, in RESP2 or RESP3; undefined: not in these bytes. */
function endOf(bytes: Buffer, at: number): number | undefined {
  const lineEnd = bytes.indexOf(CR, at);
  if (lineEnd === -1 || lineEnd + 1 >= bytes.length) return undefined;
  const type = bytes[at];
  const length = Number(bytes.toString('latin1', at + 1, lineEnd));
  let end = lineEnd + 2;
  if (type === BULK || type === ERROR || type === VERBATIM) {
    if (length >= 0) end += length + 2;
    return end <= bytes.length ? end : undefined;
  }
  let items = 0;
  if (type === ARRAY || type === PUSH || type === SET) items = length;
  else if (type === MAP) items = 2 * length;
  for (; items > 0; items--) {
    const next = endOf(bytes, end);
    if (next === undefined) return undefined;
    end = next;
  }
  return end;
}

/** The first word of a command, in lower case. */
function nameOf(command: Buffer): string {
  const [, , name = ''] = command.toString('latin1', 0, 64).split('\r\n');
  return name.toLowerCase();
}
