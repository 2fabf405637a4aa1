/**
 * The requests this worker's Hapi server is busy with, and what each holds of the concurrency limit. Whatever
 * way a request ends, it leaves here once, and gives back then what it has.
 */
import type { Socket } from 'node:net';
import type { Request } from '@hapi/hapi';
import type { ConcurrencyLimit, Waiter } from '../limits/concurrency.js';

/** What a request has: a place, one in the queue for a place, or nothing, because it needs none or got none. */
type Holding = 'place' | 'nothing' | Waiter;

export class InFlight {
  readonly #limit: ConcurrencyLimit;
  readonly #requests = new Map<Request, Holding>();

  constructor(limit: ConcurrencyLimit) {
    this.#limit = limit;
  }

  /** Lets a request in that needs no place. */
  admitUnlimited(request: Request): void {
    this.#requests.set(request, 'nothing');
  }

  /** Lets a request in. True when it has a place already, else a promise of whether it will get one. */
  admit(request: Request): true | Promise<boolean> {
    if (!this.#limit.tryAcquire()) return this.#queue(request);
    this.#requests.set(request, 'place');
    return true;
  }

  /** The request has been answered, or its client is gone. */
  leave(request: Request): void {
    const holding = this.#requests.get(request);
    this.#requests.delete(request);
    if (holding === 'place') this.#limit.release();
    else if (typeof holding === 'object') this.#limit.leave(holding);
  }

  /** Requests of one connection, in the order they came. */
  on(socket: Socket): Request[] {
    return [...this.#requests.keys()].filter((request) => request.raw.req.socket === socket);
  }

  #queue(request: Request): Promise<boolean> {
    return new Promise((resolve) => {
      this.#requests.set(request, 'nothing');
      let settled = false;
      const waiter = this.#limit.wait((acquired) => {
        settled = true;
        this.#requests.set(request, acquired ? 'place' : 'nothing');
        resolve(acquired);
      });
      if (waiter === undefined) resolve(false);
      else if (!settled) this.#requests.set(request, waiter);
    });
  }
}
