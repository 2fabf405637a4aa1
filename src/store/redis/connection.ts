/**
 * One established connection to a Redis server: a pair of sockets, of which one sends commands and the other is told
 * which of the keys read by the first have changed (`CLIENT TRACKING ON REDIRECT`). They live and die together: what
 * was read by a pair is known to be current only as long as both are up.
 *
 * ioredis 6 drops invalidations that come on a RESP3 connection, hence the second socket, a subscriber by protocol 2.
 * Its messages may overtake replies or come after them; leases take care of either.
 *
 * A Redis that does not answer for a while is not taken for lost: when it goes on, the replies and the invalidations
 * that were due come in order, and everything kept is as right as before. Only after a longer silence is the pair
 * given up, as its sockets may have been forgotten on the way.
 */
import type { Redis } from 'ioredis';
import { isReplyError } from './errors.js';
import { type Abilities, shakeHands } from './handshake.js';
import { Heartbeat } from './heartbeat.js';
import { KeyCommands } from './key-commands.js';
import {
  type Argument,
  AskingSocket,
  CommandSocket,
  RESPONSE_LIMIT,
  redisSocket,
  type SocketAddress,
} from './socket.js';

export interface ConnectionOptions {
  /** Host and port or path, credentials and TLS. */
  readonly address: SocketAddress;
  readonly database: number;
  /** Of every key in Redis. */
  readonly prefix: string;
}

export interface ConnectionEvents {
  /** It is asked whether it is there. What is returned is called when both of its sockets have answered. */
  onAsk(): () => void;
  /** Keys, as hotshard knows them, that somebody has changed; null: all of them. */
  onInvalidate(keys: readonly Uint8Array[] | null): void;
  /** It has stopped answering in time, or does so again. */
  onResponsive(isResponsive: boolean): void;
  /** It is of no use any more. Called once. */
  onLost(reason: Error): void;
}

export class RedisConnection {
  /** Everything read from now on is cached in this session. */
  session = 0;
  readonly abilities: Abilities;
  readonly keys: KeyCommands;
  /** The same for a slot that a cluster is just moving to this server. */
  readonly importedKeys: KeyCommands;
  readonly #sockets: readonly Redis[];
  readonly #commands: CommandSocket;
  readonly #heartbeat: Heartbeat;
  readonly #prefixLength: number;
  #events: ConnectionEvents | undefined;

  private constructor(commands: Redis, invalidations: Redis, abilities: Abilities, prefix: string) {
    this.#sockets = [commands, invalidations];
    this.#prefixLength = Buffer.byteLength(prefix);
    this.abilities = abilities;
    this.#commands = new CommandSocket(commands, () => this.#heartbeat.doubt());
    const session = (): number => this.session;
    this.keys = new KeyCommands({ commands: this.#commands, abilities, prefix, session });
    const asking = new AskingSocket(this.#commands);
    this.importedKeys = new KeyCommands({ commands: asking, abilities, prefix, session });
    this.#heartbeat = new Heartbeat({
      ask: async () => {
        const onAnswered = this.#events?.onAsk();
        await Promise.all(this.#sockets.map(answered));
        onAnswered?.();
      },
      onResponsive: (isResponsive) => this.#events?.onResponsive(isResponsive),
      onSilent: () => this.#lose(new Error('Redis has not answered for too long')),
    });
    // The types know of messages with one text only: keys come as a list, and a flush as null.
    invalidations.on('messageBuffer', (_channel: Buffer, keys: unknown) => this.#invalidated(keys));
    for (const socket of this.#sockets) {
      socket.on('close', () => this.#lose(new Error('the connection was closed')));
    }
  }

  /**
   * Connects, and has Redis tell of changes if it can.
   *
   * @throws what keeps it from being of use: the system error, or Redis's own
   */
  static async open({ address, database, prefix }: ConnectionOptions): Promise<RedisConnection> {
    const commands = redisSocket(address);
    const invalidations = redisSocket(address);
    let timer: NodeJS.Timeout | undefined;
    try {
      const overdue = new Promise<never>((_resolve, reject) => {
        const error = new Error(`no answer within ${RESPONSE_LIMIT} ms`);
        timer = setTimeout(() => reject(error), RESPONSE_LIMIT);
      });
      const abilities = await Promise.race([shakeHands(commands, invalidations, database), overdue]);
      if (invalidations.status !== 'ready') throw new Error('the connection for invalidations was closed');
      return new RedisConnection(commands, invalidations, abilities, prefix);
    } catch (error) {
      commands.disconnect();
      invalidations.disconnect();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** To be called in the same turn in which `open` resolves, so that no message is missed. */
  begin(session: number, events: ConnectionEvents): void {
    this.session = session;
    this.#events = events;
    this.#heartbeat.start();
  }

  /** Whether it answers in time, as far as is known. */
  get isResponsive(): boolean {
    return this.#heartbeat.isResponsive;
  }

  /** Asks for something else than a key. */
  async ask(command: string, ...args: readonly Argument[]): Promise<unknown> {
    return await this.#commands.send(command, ...args);
  }

  /** Closes both sockets; nobody is told. */
  close(): void {
    this.#events = undefined;
    this.#lose(new Error('closed'));
  }

  /** Loses the socket for invalidations, to rehearse that: the pair is of no use any more. */
  dropTracking(): void {
    this.#sockets[1]?.disconnect();
  }

  #invalidated(keys: unknown): void {
    const length = this.#prefixLength;
    if (!Array.isArray(keys)) {
      this.#events?.onInvalidate(null);
      return;
    }
    const named = keys as readonly Buffer[];
    this.#events?.onInvalidate(length === 0 ? named : named.map((name) => name.subarray(length)));
  }

  #lose(reason: Error): void {
    this.#heartbeat.stop();
    for (const socket of this.#sockets) socket.disconnect();
    const events = this.#events;
    this.#events = undefined;
    events?.onLost(reason);
  }
}

/** Resolves when the other side has answered, and be it by an error: one that can't save its data refuses a PING too. */
async function answered(socket: Redis): Promise<void> {
  try {
    await socket.ping();
  } catch (error) {
    if (!isReplyError(error)) throw error;
  }
}
