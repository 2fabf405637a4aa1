/**
 * The clients of one worker, and how it learns of those of the others: it asks them by a channel that all of them listen
 * to, and waits for an answer of each that has clients, but not for long: one that works hard or is gone is left out.
 */
import { BroadcastChannel } from 'node:worker_threads';
import { type Access, Client } from './client.js';
import { lineOf } from './client-line.js';
import type { SharedClients } from './shared-clients.js';

/** Milliseconds that the other workers have to tell of their clients. */
const ANSWER_LIMIT = 250;

/** The two ends of a connection, as a socket has them. */
export interface Ends {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
}

/** Numbers of clients to tell of; undefined: all. */
type Wanted = readonly number[] | undefined;

interface Question {
  readonly from: number;
  /** Tells the questions of a worker apart. */
  readonly number: number;
  readonly wanted: Wanted;
}

interface Answer {
  readonly to: number;
  readonly number: number;
  readonly lines: readonly string[];
}

/** Answers that are waited for. */
interface Collection {
  readonly lines: string[];
  missing: number;
  readonly complete: () => void;
}

export class Clients {
  readonly #shared: SharedClients;
  readonly #worker: number;
  readonly #access: Access;
  readonly #clients = new Map<number, Client>();
  readonly #channel: BroadcastChannel;
  readonly #collections = new Map<number, Collection>();
  #questions = 0;
  #isStopped = false;

  /**
   * @param worker from 0
   * @param access what a new client may do
   */
  constructor(shared: SharedClients, worker: number, access: Access) {
    this.#shared = shared;
    this.#worker = worker;
    this.#access = access;
    this.#channel = new BroadcastChannel(`hotshard-clients-${shared.runId}`);
    this.#channel.onmessage = (message): void => {
      // Nobody but the workers of this process knows the channel's name.
      this.#receive((message as { data: Question | Answer }).data);
    };
    this.#channel.unref();
  }

  /** The client of a connection that has begun. */
  open({ remoteAddress, remotePort, localAddress, localPort }: Ends): Client {
    const client = new Client({
      id: this.#shared.nextId(),
      address: addressOf(remoteAddress, remotePort),
      localAddress: addressOf(localAddress, localPort),
      access: this.#access,
    });
    this.#clients.set(client.id, client);
    this.#shared.countOpened(this.#worker);
    return client;
  }

  /** To be called when its connection has ended. */
  close(client: Client): void {
    client.end();
    if (this.#clients.delete(client.id)) this.#shared.countClosed(this.#worker);
  }

  /** Lines of the clients of all workers, those of this one first. @param wanted their numbers; absent: all */
  async lines(wanted?: Wanted): Promise<string[]> {
    const own = this.#ownLines(wanted);
    const others = this.#isStopped ? 0 : this.#shared.othersWithClients(this.#worker);
    return others === 0 ? own : [...own, ...(await this.#ask(wanted, others))];
  }

  /** Asks and answers nothing any more. */
  stop(): void {
    this.#isStopped = true;
    this.#channel.close();
    for (const collection of this.#collections.values()) collection.complete();
  }

  #ownLines(wanted: Wanted): string[] {
    const clients = [...this.#clients.values()].sort((one, other) => one.id - other.id);
    const ids = wanted && new Set(wanted);
    return clients.filter(({ id }) => ids?.has(id) ?? true).map(lineOf);
  }

  async #ask(wanted: Wanted, others: number): Promise<readonly string[]> {
    const number = this.#questions++;
    const lines: string[] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ANSWER_LIMIT);
      const complete = (): void => {
        clearTimeout(timer);
        resolve();
      };
      this.#collections.set(number, { lines, missing: others, complete });
      const question: Question = { from: this.#worker, number, wanted };
      this.#channel.postMessage(question);
    });
    this.#collections.delete(number);
    return lines;
  }

  #receive(message: Question | Answer): void {
    if ('lines' in message) {
      if (message.to === this.#worker) this.#collect(message);
    } else if (this.#clients.size > 0) {
      const { from: to, number, wanted } = message;
      const answer: Answer = { to, number, lines: this.#ownLines(wanted) };
      this.#channel.postMessage(answer);
    }
  }

  #collect({ number, lines }: Answer): void {
    const collection = this.#collections.get(number);
    if (collection === undefined) return;
    collection.lines.push(...lines);
    if (--collection.missing === 0) collection.complete();
  }
}

function addressOf(address = '', port = 0): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
