/** What became of all that the clients of one phase did, and how long it took. */
import { Times } from '../load/latency.js';
import type { Latency } from '../load/orders.js';
import { RIGHT, type Verdict, WRONG } from './register.js';

/** Of reads: as a register judges them, and of values that are none. */
export const WRONG_KINDS = [...WRONG, 'torn', 'mixed up'] as const;

/** What came instead of an answer that can be judged. */
export const FAILURE_KINDS = [
  /** 503, or an error of the Redis protocol, whatever it says. */
  'refused',
  /** Any other status. */
  'unexpected',
  /** The connection was lost, or refused. */
  'cut',
  /** No answer in a long time. */
  'overdue',
] as const;

export const KINDS = [...RIGHT, ...WRONG_KINDS, 'written', ...FAILURE_KINDS] as const;
export type Kind = Verdict | (typeof KINDS)[number];

/** Of what went wrong, descriptions that are kept. */
const MOST_TOLD = 20;

export class Tally {
  readonly counts: Record<Kind, number>;
  /** The first things that went wrong, a line each. */
  readonly told: string[] = [];
  operations = 0;
  #times = new Times();

  constructor() {
    this.counts = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  }

  count(kind: Kind): void {
    this.counts[kind]++;
  }

  /** @param about what it was, and what had been expected */
  tell(kind: Kind, about: string): void {
    this.count(kind);
    if (this.told.length < MOST_TOLD) this.told.push(`${kind}: ${about}`);
  }

  took(milliseconds: number): void {
    this.operations++;
    this.#times.take(milliseconds * 1000);
  }

  /** Of what was answered since it was last asked for. */
  takeLatency(): Latency {
    const { latency } = this.#times;
    this.#times = new Times();
    return latency;
  }
}
