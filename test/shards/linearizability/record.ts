/**
 * Recording what several threads do to a few keys: each thread has a log in shared memory, so that what one did
 * before it died is known too.
 *
 * A record is written before the operation begins, with its invocation, and completed after its response. Two clocks
 * say which operation came first:
 *
 * - a counter that every stamp adds one to. Who reads a larger number has synchronized with who read the smaller
 *   one: what came before that stamp happens before what comes after this one, in the sense of the memory model. So
 *   the map must let it be seen.
 * - the monotonic clock, the same for all threads of a process. It orders no memory, so it hides no missing fence.
 *   An operation counts as earlier only if its response is earlier in real time than the other's invocation, which
 *   is what linearizability is about; at the same nanosecond they overlap.
 */
import { type Effect, type Operation, PENDING } from './checker.js';

export type ClockKind = 'counter' | 'monotonic';

const KINDS = ['set', 'get', 'look', 'delete', 'clear', 'update'] as const;
export type Kind = (typeof KINDS)[number];

/** Words of a record's state: not begun, under way, completed. */
const INVOKED = 1;
const COMPLETED = 2;

// Numbers of a record.
const KIND = 0;
const KEY = 1;
const START = 2;
const END = 3;
const WROTE = 4;
const SAW = 5;
const RECORD_NUMBERS = 6;

/** Of an update that has not seen anything yet. */
const NOTHING = -1;

/** What a `look` or `delete` saw. */
export const FOUND = 1;

/** One thread's log, cloneable. */
export interface Log {
  readonly numbers: Float64Array<SharedArrayBuffer>;
  readonly states: Int32Array<SharedArrayBuffer>;
}

export function makeLog(records: number): Log {
  return {
    numbers: new Float64Array(new SharedArrayBuffer(8 * RECORD_NUMBERS * records)),
    states: new Int32Array(new SharedArrayBuffer(4 * records)),
  };
}

export class Recorder {
  readonly #log: Log;
  readonly #clock: ClockKind;
  readonly #counter: Int32Array;
  #next = 0;

  /** @param counter one shared word */
  constructor(log: Log, clock: ClockKind, counter: Int32Array) {
    this.#log = log;
    this.#clock = clock;
    this.#counter = counter;
  }

  /** Records that are left. */
  get room(): number {
    return this.#log.states.length - this.#next;
  }

  /** Notes an invocation: the record's number. */
  begin(kind: Kind, key: number, wrote: number): number {
    const record = this.#next++;
    const { numbers, states } = this.#log;
    const at = record * RECORD_NUMBERS;
    numbers[at + KIND] = KINDS.indexOf(kind);
    numbers[at + KEY] = key;
    numbers[at + WROTE] = wrote;
    numbers[at + SAW] = NOTHING;
    numbers[at + START] = this.#now();
    Atomics.store(states, record, INVOKED);
    return record;
  }

  /** Notes what an update under way is about to replace, and by what. */
  attempt(record: number, saw: number, wrote: number): void {
    const at = record * RECORD_NUMBERS;
    this.#log.numbers[at + SAW] = saw;
    this.#log.numbers[at + WROTE] = wrote;
  }

  /** The instant of a response, to be taken before what came back is looked at. */
  stamp(): number {
    return this.#now();
  }

  /** Completes a record. An update's is complete but for its end. */
  complete(record: number, end: number, saw?: number): void {
    const { numbers, states } = this.#log;
    const at = record * RECORD_NUMBERS;
    numbers[at + END] = end;
    if (saw !== undefined) numbers[at + SAW] = saw;
    Atomics.store(states, record, COMPLETED);
  }

  #now(): number {
    return this.#clock === 'counter' ? Atomics.add(this.#counter, 0, 1) : Number(process.hrtime.bigint());
  }
}

/** What the log of a thread that has ended says, in its order. */
export function operationsIn(log: Log, thread: number): Operation[] {
  const { numbers, states } = log;
  const operations: Operation[] = [];
  for (let record = 0; record < states.length && states[record] !== 0; record++) {
    const from = record * RECORD_NUMBERS;
    const [kind = 0, key = 0, start = 0, end = 0, wrote = 0, saw = 0] = numbers.subarray(
      from,
      from + RECORD_NUMBERS,
    );
    const isCompleted = states[record] === COMPLETED;
    const effect = effectOf(KINDS[kind] ?? 'get', wrote, saw);
    // An update that died before it saw anything has done nothing.
    if (effect.kind === 'update' && effect.from === NOTHING) continue;
    operations.push({ key: String(key), thread, start, end: isCompleted ? end : PENDING, effect });
  }
  return operations;
}

function effectOf(kind: Kind, wrote: number, saw: number): Effect {
  switch (kind) {
    case 'set':
      return { kind, value: wrote };
    case 'get':
      return { kind, value: saw };
    case 'look':
    case 'delete':
      return { kind, found: saw === FOUND };
    case 'clear':
      return { kind };
    case 'update':
      return { kind, from: saw, to: wrote };
  }
}
