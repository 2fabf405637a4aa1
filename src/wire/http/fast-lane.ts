/**
 * The fast lane of one worker: it has connections before the Hapi server, answers the hot requests on the raw sockets, and
 * hands over every connection that has something else to say. What the rules are it has from the Hapi server: the same
 * request gets the same answer from both, byte for byte.
 */
import type { Server, Socket } from 'node:net';
import type { Config } from '../../config/config.js';
import type { ConcurrencyLimit } from '../../limits/concurrency.js';
import type { RateLimit } from '../../limits/rate.js';
import type { Tokens } from '../../limits/tokens.js';
import type { ImmediateCache, TieredCache } from '../../store/tiered.js';
import type { ProcessState } from '../../telemetry/process-state.js';
import { seriesOf } from '../../telemetry/requests.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import { acceptRaw, type Reader, readPlain } from '../raw-sockets.js';
import { Answered } from './answers.js';
import { Connection } from './connection.js';
import { Output } from './output.js';
import { Scan } from './scan.js';
import type { Behind, Patience, Station } from './station.js';

/** Bytes read at a time, of all connections into the same buffer. */
const READ_BYTES = 64 * 1024;

/** Bytes of the largest body that is taken here: what larger ones cost is not the way they are received. */
const MAX_BODY_BYTES = 1024 * 1024;

/** Milliseconds between looks for connections on which too little happens. */
const TICK = 1_000;

/** What answers are counted as. */
const SERIES = {
  [Answered.VALUE]: seriesOf('http1', 'get', '2xx'),
  [Answered.ABSENT]: seriesOf('http1', 'get', '4xx'),
  [Answered.STORED]: seriesOf('http1', 'set', '2xx'),
  [Answered.GREETING]: seriesOf('http1', 'other', '2xx'),
  [Answered.UNREADABLE]: seriesOf('http1', 'get', '5xx'),
  [Answered.UNSTORABLE]: seriesOf('http1', 'set', '5xx'),
} as const;
const KINDS = Object.values(Answered);
const REFUSED = seriesOf('http1', 'other', '4xx');

/** Milliseconds; those of the HTTP server behind the lane. */
export interface LaneTimeouts {
  readonly headersTimeout: number;
  readonly requestTimeout: number;
  readonly keepAliveTimeout: number;
}

export interface FastLaneParts {
  readonly cache: ImmediateCache & TieredCache;
  readonly state: ProcessState;
  readonly limit: ConcurrencyLimit;
  readonly config: Pick<Config, 'maxValueSize'>;
  /** The worker's row of counters, from 0. */
  readonly worker: number;
  /** Absent: clients need none. */
  readonly tokens?: Tokens | undefined;
  /** Absent: there is none. */
  readonly rate?: RateLimit | undefined;
  readonly behind: Behind;
  readonly timeouts: LaneTimeouts;
  /** Milliseconds; another one than the default is for tests. */
  readonly tick?: number;
  /** For tests: see `acceptRaw`. */
  readonly hasPlainSockets?: boolean;
}

export class FastLane implements Station {
  readonly scan: Scan;
  readonly output: Output;
  readonly cache: ImmediateCache & TieredCache;
  readonly limit: ConcurrencyLimit;
  readonly rate: RateLimit | undefined;
  readonly behind: Behind;
  readonly maxBodySize: number;
  readonly stopwatch: Stopwatch;
  ticks = 0;
  readonly #state: ProcessState;
  readonly #worker: number;
  readonly #connections = new Map<Socket, Connection>();
  readonly #hasPlainSockets: boolean | undefined;
  readonly #timer: NodeJS.Timeout;
  readonly #keepAliveTimeout: number;
  #isRetired = false;
  #isAside = false;

  constructor(parts: FastLaneParts) {
    const { cache, state, limit, config, worker, behind, timeouts, tick = TICK } = parts;
    this.cache = cache;
    this.limit = limit;
    this.rate = parts.rate;
    this.scan = new Scan(parts.tokens);
    this.behind = behind;
    this.maxBodySize = Math.min(config.maxValueSize, MAX_BODY_BYTES);
    this.output = new Output(timeouts.keepAliveTimeout);
    this.stopwatch = new Stopwatch(state.requests, worker, 'http1');
    this.#state = state;
    this.#worker = worker;
    this.#keepAliveTimeout = timeouts.keepAliveTimeout;
    this.#hasPlainSockets = parts.hasPlainSockets;
    const patience = {
      headers: timeouts.headersTimeout / tick,
      request: timeouts.requestTimeout / tick,
      keepAlive: timeouts.keepAliveTimeout / tick,
    };
    this.#timer = setInterval(() => this.#tick(patience), tick).unref();
  }

  get isRetired(): boolean {
    return this.#isRetired || this.#isAside || this.#state.phase === 'draining';
  }

  /** Has all connections of a server that does not listen yet and allows half-open ones. */
  acceptFrom(server: Server): void {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    acceptRaw(server, buffer, (...accepted) => this.#accept(...accepted), this.#hasPlainSockets);
  }

  /** Has a connection that was accepted elsewhere, with all bytes unread. */
  take(socket: Socket): void {
    readPlain(socket, (...accepted) => this.#accept(...accepted));
  }

  /** From now on the Hapi server answers everything: connections go to it with the next bytes that come. */
  retire(): void {
    this.#isRetired = true;
  }

  /** While it stands aside the Hapi server gets the connections on which something comes, and keeps them. */
  standAside(isAside: boolean): void {
    this.#isAside = isAside;
  }

  /**
   * Closes connections that have nothing under way.
   *
   * @param evenUnused also those by which nothing has come yet
   */
  closeIdle(evenUnused: boolean): void {
    this.output.flush();
    for (const connection of this.#connections.values()) connection.closeIdle(evenUnused);
  }

  /** Cuts all connections off, and returns how many of them had a request in flight. */
  cutOff(): number {
    this.output.flush();
    let busy = 0;
    for (const [socket, connection] of this.#connections) {
      // Those that were handed over have none here: they are the Hapi server's to count.
      if (connection.isInFlight) busy++;
      socket.destroy();
    }
    return busy;
  }

  /** Lets go of everything. */
  stop(): void {
    clearInterval(this.#timer);
    this.output.flush();
    for (const socket of this.#connections.keys()) socket.destroy();
  }

  countRequests(requests: number): void {
    this.#state.count(this.#worker, 'requests', requests);
  }

  countServed(requests: number, began: number): void {
    this.countRequests(requests);
    this.#countAnswers();
    this.stopwatch.end(began, requests);
  }

  countWaited(began: number): void {
    this.#countAnswers();
    this.stopwatch.waited(began);
  }

  countRefused(): void {
    this.countRequests(1);
    this.#state.requests.served(this.#worker, REFUSED);
  }

  countError(): void {
    this.#state.count(this.#worker, 'errors');
  }

  #countAnswers(): void {
    const { tally } = this.output;
    for (const kind of KINDS) {
      if (tally[kind] === 0) continue;
      this.#state.requests.served(this.#worker, SERIES[kind], tally[kind]);
      tally[kind] = 0;
    }
  }

  #accept(socket: Socket, giveBack: () => void): Reader {
    socket.setNoDelay(true);
    socket.setKeepAlive(true, this.#keepAliveTimeout);
    const connection = new Connection(socket, this, giveBack);
    this.#connections.set(socket, connection);
    // A connection that breaks is closed; there is nobody to tell.
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#connections.delete(socket);
      connection.close();
    });
    return (bytes, length) => connection.take(bytes, length);
  }

  #tick(patience: Patience): void {
    this.ticks++;
    for (const connection of this.#connections.values()) connection.check(patience);
  }
}
