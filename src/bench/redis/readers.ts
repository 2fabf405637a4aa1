/** Readers of the section "staleness": each asks over HTTP, again and again, mostly for the key of the moment. */
import { httpHead } from '../load/answers.js';
import { Connection } from '../load/connection.js';
import { readRequest } from '../load/requests.js';
import type { Versions } from './versions.js';

/** Every so many requests a reader asks for another key than that of the moment: old values may come back late. */
const ELSEWHERE = 4;

const LONGEST_WAIT = 10_000;

interface Awaited {
  readonly key: number;
  readonly version: number;
  readonly waiting: Set<Connection>;
  readonly resolve: () => void;
}

export interface ReadersOptions {
  readonly port: number;
  readonly readers: number;
  readonly keys: number;
  readonly nameOf: (key: number) => string;
  readonly versions: Versions;
  readonly random: () => number;
}

export class Readers {
  /** What most requests are for. */
  key = 0;
  /** Answers that were not 200. */
  failures = 0;
  reads = 0;
  readonly #options: ReadersOptions;
  readonly #connections: readonly Connection[];
  readonly #requests: readonly string[];
  #awaited: Awaited | undefined;
  #isOver = false;

  constructor(options: ReadersOptions) {
    this.#options = options;
    this.#connections = Array.from({ length: options.readers }, () => new Connection(options.port, httpHead));
    this.#requests = Array.from({ length: options.keys }, (_, key) => readRequest(options.nameOf(key)));
  }

  async start(): Promise<void> {
    await Promise.all(this.#connections.map((connection) => connection.open()));
    for (const connection of this.#connections) this.#ask(connection, 0);
  }

  stop(): void {
    this.#isOver = true;
    for (const connection of this.#connections) connection.close();
  }

  /** Resolves when every reader got that version of the key, or a later one. Rejects when they don't. */
  async haveRead(key: number, version: number): Promise<void> {
    const impatient = setTimeout(() => this.stop(), LONGEST_WAIT);
    await new Promise<void>((resolve) => {
      this.#awaited = { key, version, waiting: new Set(this.#connections), resolve };
    });
    clearTimeout(impatient);
    if (this.#isOver)
      throw new Error(`the version ${version} of the key ${key} was not served to all readers`);
  }

  #ask(connection: Connection, count: number): void {
    const { keys, random, versions } = this.#options;
    const key = count % ELSEWHERE === 0 ? Math.floor(random() * keys) : this.key;
    const sent = performance.now();
    connection.send({ text: this.#requests[key] }, (status, body) => {
      if (this.#isOver) return this.#awaited?.resolve();
      const received = performance.now();
      this.reads++;
      if (status === 200) {
        const version = Number(body.toString('latin1'));
        versions.read(key, version, sent, received);
        this.#tell(connection, key, version);
      } else {
        this.failures++;
      }
      this.#ask(connection, count + 1);
    });
  }

  #tell(connection: Connection, key: number, version: number): void {
    const awaited = this.#awaited;
    if (awaited === undefined || key !== awaited.key || version < awaited.version) return;
    awaited.waiting.delete(connection);
    if (awaited.waiting.size > 0) return;
    this.#awaited = undefined;
    awaited.resolve();
  }
}
