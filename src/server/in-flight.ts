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

  /**
   * Lets a request in, with a place if there is one.
   *
   * @returns whether it has one; `'too many'`: nor is there room in the backlog, and the request is to be turned away
   */
  admit(request: Request): boolean | 'too many' {
    const hasPlace = this.#limit.tryAcquire();
    this.#requests.set(request, hasPlace ? 'place' : 'nothing');
    return !hasPlace && this.#limit.isSpent ? 'too many' : hasPlace;
  }

  /** Waits for a place for a request that has come in without one. False: there was none to be had. */
  wait(request: Request): Promise<boolean> {
    return new Promise((resolve) => {
      // Who has gone would never leave the queue. Nobody is told of it then.
      if (!this.#requests.has(request)) return;
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
}
