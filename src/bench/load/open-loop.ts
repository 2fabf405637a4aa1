/**
 * An open loop: requests are due at a fixed rate, whether earlier ones were answered or not, and their time counts from
 * when they were due. So a server that stalls is charged for all that would have come in meanwhile, which a closed loop
 * omits ("coordinated omission", Gil Tene, "How NOT to Measure Latency", 2013; wrk2).
 *
 * The process spins instead of sleeping between requests: timers are of whole milliseconds, which is longer than most
 * answers take.
 */
import { type LoadConnection, NO_ANSWER } from './connection.js';
import type { Dialect } from './dialects.js';
import type { Load, Target } from './orders.js';
import { closeSoon, openConnections } from './pool.js';
import { IN_TIME, Recording } from './recording.js';
import type { Request } from './requests.js';

export interface Pace extends Target {
  readonly dialect: Dialect;
  readonly next: () => Request;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly isOver: () => boolean;
  /** Called when all connections are open. */
  readonly onOpen?: () => void;
}

/**
 * Connects first, outside of what is measured. Resolves when all that was due is answered, or has failed: what is still
 * out when no answer could come in time any more.
 */
export async function openLoop({ dialect, onOpen, ...pace }: Pace): Promise<Load> {
  const pool = await openConnections(pace, dialect);
  onOpen?.();
  try {
    return await new Run(pool, pace).end;
  } finally {
    closeSoon(pool);
  }
}

class Run {
  readonly end: Promise<Load>;
  readonly #pace: Pick<Pace, 'next' | 'isOver'>;
  readonly #idle: LoadConnection[];
  readonly #recording = new Recording(undefined);
  readonly #began = performance.now();
  /** Milliseconds between two requests. */
  readonly #interval: number;
  /** How many will be due in all. */
  readonly #total: number;
  /** Due times and kinds of those under way: to be told what has failed in the end. */
  readonly #underWay = new Map<LoadConnection, { readonly due: number; readonly isWrite: boolean }>();
  #sent = 0;

  constructor(
    pool: readonly LoadConnection[],
    { rate, seconds, ...pace }: Pick<Pace, 'next' | 'isOver' | 'rate' | 'seconds'>,
  ) {
    this.#pace = pace;
    this.#idle = [...pool];
    this.#interval = 1000 / rate;
    this.#total = Math.round(rate * seconds);
    this.end = new Promise((resolve) => this.#turn(resolve));
  }

  #turn(resolve: (load: Load) => void): void {
    const now = performance.now();
    while (this.#sent < this.#total && this.#dueTime(this.#sent) <= now) {
      const connection = this.#idle.pop();
      if (connection === undefined) break;
      this.#send(connection, this.#dueTime(this.#sent++));
    }
    const isAnswered = this.#sent === this.#total && this.#underWay.size === 0;
    if (isAnswered || this.#pace.isOver() || now > this.#dueTime(this.#total) + IN_TIME) {
      this.#giveUp();
      resolve(this.#recording.load);
    } else {
      setImmediate(() => this.#turn(resolve));
    }
  }

  #dueTime(index: number): number {
    return this.#began + index * this.#interval;
  }

  #send(connection: LoadConnection, due: number): void {
    const request = this.#pace.next();
    const { isWrite } = request;
    this.#underWay.set(connection, { due, isWrite });
    connection.send(request, (status) => {
      if (!this.#underWay.delete(connection)) return;
      this.#recording.take(isWrite, status, due);
      this.#idle.push(connection);
    });
  }

  /** What was due and has no answer: a failure that took at least until now. */
  #giveUp(): void {
    for (const [connection, { due, isWrite }] of this.#underWay) {
      this.#recording.take(isWrite, NO_ANSWER, due);
      this.#underWay.delete(connection);
      connection.close();
    }
    const now = performance.now();
    for (; this.#sent < this.#total && this.#dueTime(this.#sent) <= now; this.#sent++) {
      this.#recording.take(this.#pace.next().isWrite, NO_ANSWER, this.#dueTime(this.#sent));
    }
  }
}
