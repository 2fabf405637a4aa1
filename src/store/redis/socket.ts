/**
 * One socket to Redis that sends commands: those of one turn of the event loop go in one write, and each has a
 * deadline. What comes after the deadline is dropped; the socket stays in step.
 */
import { Redis, type RedisOptions } from 'ioredis';
import { StoreUnavailableError } from '../backing-store.js';
import { asStoreError, RETRY_AFTER } from './errors.js';

/** Milliseconds that Redis has for one answer, and for a connection. */
export const RESPONSE_LIMIT = 1_000;

/** Who asks, and how. */
export type Credentials = Pick<RedisOptions, 'username' | 'password' | 'tls'>;

/** Where a server is besides. */
export type SocketAddress = Pick<RedisOptions, 'host' | 'port' | 'path'> & Credentials;

export type Argument = string | number | Buffer;

/** Connects once and never again by itself: who uses it decides what a lost connection means. */
export function redisSocket(address: SocketAddress): Redis {
  const socket = new Redis({
    ...address,
    lazyConnect: true,
    connectTimeout: RESPONSE_LIMIT,
    retryStrategy: () => null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    disableClientInfo: true,
    keepAlive: 10_000,
    noDelay: true,
    // Replies have the same shape with every version of Redis, and subscriptions hear invalidations with this one only.
    protocol: 2,
    // Integers have 64 bits, and numbers are not exact for all of them.
    stringNumbers: true,
  });
  // Errors come by the promises of commands and by `close`; one that nobody listens to would end the thread.
  socket.on('error', () => {});
  return socket;
}

/** Where commands are sent. */
export interface Commands {
  /**
   * Redis's reply: a Buffer for a string, a string for an integer, null, or an array of them.
   *
   * @throws {StoreUnavailableError} when it does not come in time, or the connection is lost
   * @throws {WrongTypeError | ReplyError} what Redis says of the key or the command
   */
  send(command: string, ...args: readonly Argument[]): Promise<unknown>;
  /** Several commands, with nothing of this thread's between them. Rejects with the first error. */
  sendAll(commands: readonly Command[]): Promise<unknown[]>;
}

export type Command = readonly [name: string, ...args: Argument[]];

export class CommandSocket implements Commands {
  readonly #redis: Redis;
  readonly #onLate: () => void;
  #isCorked = false;

  /** @param onLate called when an answer is not there in time */
  constructor(redis: Redis, onLate: () => void) {
    this.#redis = redis;
    this.#onLate = onLate;
  }

  async send(command: string, ...args: readonly Argument[]): Promise<unknown> {
    this.#cork();
    return await this.inTime(this.#redis.callBuffer(command, ...args));
  }

  async sendAll(commands: readonly Command[]): Promise<unknown[]> {
    this.#cork();
    return await this.inTime(
      Promise.all(commands.map(([name, ...args]) => this.#redis.callBuffer(name, ...args))),
    );
  }

  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    const { stream } = this.#redis;
    stream?.cork();
    // After all that this turn of the event loop has read.
    setImmediate(() => {
      this.#isCorked = false;
      stream?.uncork();
    });
  }

  /** The same for whatever else is asked of this socket: it has as long, and rejects in the same way. */
  inTime<T>(answer: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new StoreUnavailableError(`Redis did not answer within ${RESPONSE_LIMIT} ms`, RETRY_AFTER));
        this.#onLate();
      }, RESPONSE_LIMIT);
      answer.then(
        (reply) => {
          clearTimeout(timer);
          resolve(reply);
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(asStoreError(error));
        },
      );
    });
  }
}

/** Says before each command that its key is known to be on its way to this server. */
export class AskingSocket implements Commands {
  readonly #commands: Commands;

  constructor(commands: Commands) {
    this.#commands = commands;
  }

  async send(command: string, ...args: readonly Argument[]): Promise<unknown> {
    const [reply] = await this.sendAll([[command, ...args]]);
    return reply;
  }

  async sendAll(commands: readonly Command[]): Promise<unknown[]> {
    const replies = await this.#commands.sendAll(
      commands.flatMap((command): Command[] => [['ASKING'], command]),
    );
    return replies.filter((_reply, index) => index % 2 === 1);
  }
}
