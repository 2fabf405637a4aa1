/**
 * A client of the soak: the only writer of some keys. It reads, writes and removes them by all protocols in turn, one thing
 * at a time, so it knows what each may have, and its connections come and go.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { type LoadConnection, NO_ANSWER, type RequestBytes } from '../load/connection.js';
import { randomNumbers } from '../zipf.js';
import { ABSENT, Register, type Span, WRONG } from './register.js';
import type { Tally } from './tally.js';
import { SPEECH, type Speech, TONGUES, type Tongue } from './tongues.js';
import { readValue, stampedValue } from './values.js';

/** Keys of a client. */
const KEYS = 200;
/** Bytes; most values are much shorter. */
const LONGEST_VALUE = 24 * 1024;
/** Milliseconds. */
const LONGEST_TTL = 3_000;
/** Milliseconds after which an answer does not come any more: later than any limit of the server. */
const PATIENCE = 20_000;

/** Milliseconds after a connection was lost. */
const PAUSE = 5;

/** Shares of what it does; the rest is reads of its own keys. */
const WRITES = 0.3;
const REMOVALS = 0.05;
const READS_OF_OTHERS = 0.1;
const FOREIGN_WRITES = 0.03;
/** Of writes, with a time to live; of operations, on a new connection. */
const MORTAL = 0.3;
const RECONNECTS = 0.01;
/** Of operations, on the same key as the one before: what has just been written is what is most likely to be wrong. */
const SAME_KEY = 0.5;

export interface Ports {
  readonly http: number;
  readonly resp: number;
  /** Undefined: there is no Redis. */
  readonly redis: number | undefined;
}

export interface ClientParts {
  /** From 0. */
  readonly number: number;
  readonly clients: number;
  readonly seed: number;
  readonly ports: Ports;
  readonly mayEvict: boolean;
  readonly tally: Tally;
}

interface Answer extends Span {
  readonly status: number;
  readonly body: Buffer;
}

export class SoakClient {
  readonly #parts: ClientParts;
  readonly #random: () => number;
  readonly #connections = new Map<Tongue | 'redis', LoadConnection>();
  readonly #registers: readonly Register[];
  #key = 0;
  /** Of the last write of each key. */
  readonly #numbers = new Int32Array(KEYS);

  constructor(parts: ClientParts) {
    const { number, seed, mayEvict, ports } = parts;
    this.#parts = parts;
    this.#random = randomNumbers(seed * 1000 + number);
    const expirySlack = ports.redis === undefined ? 0 : 1000;
    this.#registers = Array.from({ length: KEYS }, () => new Register(mayEvict, expirySlack));
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.#act();
    for (const connection of this.#connections.values()) connection.close();
  }

  async #act(): Promise<void> {
    const tongue = TONGUES[this.#below(TONGUES.length)] ?? 'http1';
    if (this.#random() < RECONNECTS) this.#hangUp(tongue);
    if (this.#random() >= SAME_KEY) this.#key = this.#below(KEYS);
    const key = this.#key;
    let choice = this.#random();
    const isChosen = (share: number): boolean => {
      choice -= share;
      return choice < 0;
    };
    if (isChosen(WRITES)) await this.#write(tongue, key);
    else if (isChosen(REMOVALS)) await this.#remove(tongue, key);
    else if (isChosen(READS_OF_OTHERS)) await this.#readOther(tongue);
    else if (this.#parts.ports.redis !== undefined && isChosen(FOREIGN_WRITES)) await this.#writeToRedis(key);
    else await this.#read(tongue, key);
  }

  async #write(tongue: Tongue, key: number): Promise<void> {
    const register = this.#register(key);
    const number = ++this.#numbers[key];
    const ttl = this.#random() < MORTAL ? 100 + this.#below(LONGEST_TTL) : 0;
    register.began(number);
    const value = stampedValue(this.#name(key), number, this.#length());
    const answer = await this.#ask(tongue, SPEECH[tongue].write(this.#name(key), value, ttl));
    if (this.#isDone(answer, tongue)) register.acknowledged(number, ttl, answer);
    else register.unknown(number, ttl, answer);
  }

  async #remove(tongue: Tongue, key: number): Promise<void> {
    const register = this.#register(key);
    register.began(ABSENT);
    const answer = await this.#ask(tongue, SPEECH[tongue].remove(this.#name(key)));
    if (this.#isDone(answer, tongue)) register.acknowledged(ABSENT, 0, answer);
  }

  /** Somebody else's write, as hotshard sees it. */
  async #writeToRedis(key: number): Promise<void> {
    const register = this.#register(key);
    const number = ++this.#numbers[key];
    register.began(number);
    const value = stampedValue(this.#name(key), number, this.#length());
    const answer = await this.#ask('redis', SPEECH.resp.write(this.#name(key), value, 0));
    if (this.#isDone(answer, 'redis')) register.acknowledgedByRedis(number, answer);
  }

  async #read(tongue: Tongue, key: number): Promise<void> {
    const name = this.#name(key);
    const answer = await this.#ask(tongue, SPEECH[tongue].read(name));
    const found = this.#found(answer, tongue, name);
    if (found === undefined) return;
    const verdict = this.#register(key).judge(found, answer);
    if (!WRONG.some((kind) => kind === verdict)) this.#parts.tally.count(verdict);
    else
      this.#parts.tally.tell(verdict, `${name} by ${tongue}: ${found}, last written ${this.#numbers[key]}`);
  }

  /** Of another client's key it knows only what any value looks like. */
  async #readOther(tongue: Tongue): Promise<void> {
    const { clients, tally } = this.#parts;
    const name = nameOf(this.#below(clients), this.#below(KEYS));
    const found = this.#found(await this.#ask(tongue, SPEECH[tongue].read(name)), tongue, name);
    if (found !== undefined) tally.count('right');
  }

  /** Which write's value has been read, or ABSENT; undefined: there was no answer, or none that can be right. */
  #found({ status, body }: Answer, tongue: Tongue, name: string): number | undefined {
    const { tally } = this.#parts;
    if (status === 404) return ABSENT;
    if (status !== 200) {
      this.#failed(status, tongue);
      return undefined;
    }
    const value = readValue(body);
    if (value?.key === name) return value.number;
    const kind = value === undefined ? 'torn' : 'mixed up';
    tally.tell(kind, `${name} by ${tongue}: ${body.toString('latin1', 0, 60)} (${body.length} bytes)`);
    return undefined;
  }

  /** Whether a write or a removal was acknowledged. */
  #isDone({ status }: Answer, tongue: Tongue | 'redis'): boolean {
    const isDone = status === 200 || status === 204 || status === 404;
    if (isDone) this.#parts.tally.count('written');
    else this.#failed(status, tongue);
    return isDone;
  }

  #failed(status: number, tongue: Tongue | 'redis'): void {
    const { tally } = this.#parts;
    if (status === NO_ANSWER) tally.count('cut');
    else if (status === 503 || (tongue !== 'http1' && tongue !== 'http2')) tally.count('refused');
    else tally.tell('unexpected', `status ${status} by ${tongue}`);
  }

  async #ask(tongue: Tongue | 'redis', request: RequestBytes): Promise<Answer> {
    const { tally } = this.#parts;
    const began = performance.now();
    const answer = await new Promise<Answer>((resolve) => {
      const connection = this.#connection(tongue);
      const overdue = setTimeout(() => {
        tally.tell('overdue', `no answer by ${tongue} in ${PATIENCE} ms`);
        this.#hangUp(tongue);
      }, PATIENCE);
      const answered = (status: number, body: Buffer): void => {
        clearTimeout(overdue);
        resolve({ status, body: Buffer.from(body), began, ended: performance.now() });
      };
      try {
        connection.send(request, answered);
      } catch {
        // HTTP/2: the session has just ended.
        answered(NO_ANSWER, Buffer.alloc(0));
      }
    });
    if (answer.status !== NO_ANSWER) tally.took(answer.ended - began);
    else {
      // One that was lost is made anew, but not as fast as a port refuses.
      this.#hangUp(tongue);
      await wait(PAUSE);
    }
    return answer;
  }

  #connection(tongue: Tongue | 'redis'): LoadConnection {
    const { http, resp, redis = 0 } = this.#parts.ports;
    const speech: Speech = SPEECH[tongue === 'redis' ? 'resp' : tongue];
    const port = { http1: http, http2: http, resp, redis }[tongue];
    const connection = this.#connections.get(tongue) ?? speech.connect(port);
    this.#connections.set(tongue, connection);
    return connection;
  }

  #hangUp(tongue: Tongue | 'redis'): void {
    this.#connections.get(tongue)?.close();
    this.#connections.delete(tongue);
  }

  #register(key: number): Register {
    const register = this.#registers[key];
    if (register === undefined) throw new RangeError(`there is no key ${key}`);
    return register;
  }

  #name(key: number): string {
    return nameOf(this.#parts.number, key);
  }

  #length(): number {
    return Math.floor(this.#random() ** 3 * LONGEST_VALUE);
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }
}

function nameOf(client: number, key: number): string {
  return `soak:${client}:${key}`;
}
