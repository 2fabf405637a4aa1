/**
 * The ports of the program, taken and given up together: that of HTTP, and that of the Redis protocol where it is
 * spoken. Each is shared among the workers by itself.
 */
import type { Config } from '../config/config.js';
import type { WorkerTickets } from '../worker/listen.js';
import { openPort, type SharedPort, type Sharing } from './listen.js';

/** `worker` is a worker's place, from 0. */
export class Ports {
  readonly #http: SharedPort;
  readonly #resp: SharedPort | undefined;

  private constructor(http: SharedPort, resp: SharedPort | undefined) {
    this.#http = http;
    this.#resp = resp;
  }

  /**
   * Takes all of them, or none.
   *
   * @throws the system error of `listen`, with the `port` that can't be had
   */
  static async open(config: Pick<Config, 'host' | 'port' | 'respPort'>, sharing: Sharing): Promise<Ports> {
    const { host, port, respPort } = config;
    const http = await openPort({ host, port, sharing });
    if (respPort === undefined) return new Ports(http, undefined);
    try {
      return new Ports(http, await openPort({ host, port: respPort, sharing }));
    } catch (error) {
      http.close();
      throw error;
    }
  }

  /** What a worker listens with, once. Rejects when a port is lost or no ticket can be made: the worker is `gone` then. */
  async tickets(worker: number): Promise<WorkerTickets> {
    const both = [this.#http.ticket(worker), this.#resp?.ticket(worker)] as const;
    // A ticket that came after `gone` would never be given up.
    await Promise.allSettled(both);
    const [ticket, respTicket] = await Promise.all(both);
    return { ticket, respTicket };
  }

  /** The worker is about to open its tickets: from now on they are its own. */
  adopted(worker: number): void {
    this.#http.adopted(worker);
    this.#resp?.adopted(worker);
  }

  /** The worker listens on all of them. */
  listening(worker: number): void {
    this.#http.listening(worker);
    this.#resp?.listening(worker);
  }

  /** The worker's thread has ended, or will not be started: what was meant for it is given up. */
  gone(worker: number): void {
    this.#http.gone(worker);
    this.#resp?.gone(worker);
  }

  /** Gives up what the main thread holds. Workers that listen go on. */
  close(): void {
    this.#http.close();
    this.#resp?.close();
  }
}
