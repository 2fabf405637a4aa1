/**
 * What the commands of the Redis protocol have come to, by command and over all workers: the figures of `INFO commandstats`,
 * of `INFO errorstats`, and of the traffic in `INFO stats`. A worker counts in cells of its own, and any worker can read them all.
 *
 * `CONFIG RESETSTAT` can't clear cells, since only their writers may write them. Instead it takes what they hold as the new
 * zero, which readers subtract. What is counted at that moment falls on either side of it.
 */
import { CELLS_PER_LINE, Cells } from './cells.js';

/** Commands are numbered by the caller, from 0 to one less than this. */
export const COMMAND_SLOTS = 256;

const CALLS = 0;
const NANOSECONDS = 1;
const REJECTED = 2;
const FAILED = 3;
const CELLS_PER_COMMAND = 4;

const INPUT = COMMAND_SLOTS * CELLS_PER_COMMAND;
const OUTPUT = INPUT + 1;

/** First words of errors, as Redis calls them; the last stands for any other. */
export const ERROR_CODES = [
  ...['CROSSSLOT', 'ERR', 'EXECABORT', 'NOAUTH', 'NOPERM', 'NOPROTO', 'TRYAGAIN', 'WRONGPASS', 'WRONGTYPE'],
  'OTHER',
] as const;
const ERRORS = OUTPUT + 1;
const CELLS_USED = ERRORS + ERROR_CODES.length;
const ROW_CELLS = Math.ceil(CELLS_USED / CELLS_PER_LINE) * CELLS_PER_LINE;

/** Structured-cloneable: what another thread attaches to. */
export interface CommandStatsHandle {
  readonly buffer: SharedArrayBuffer;
  readonly workers: number;
}

/** Of one command, over all workers. */
export interface CommandTotals {
  readonly command: number;
  /** Executed, those that failed included. */
  readonly calls: number;
  /** That the calls took, all together; with fractions. */
  readonly microseconds: number;
  /** Not executed: wrong number of arguments, no permission, … */
  readonly rejected: number;
  /** Executed, and answered with an error. */
  readonly failed: number;
}

/** Errors that commands were answered with. (What is no command at all ends the connection, and is not counted.) */
export interface ErrorTotal {
  readonly code: string;
  readonly count: number;
}

/** Bytes that went over connections of the Redis protocol. */
export interface Traffic {
  readonly input: number;
  readonly output: number;
}

export class CommandStats {
  readonly #buffer: SharedArrayBuffer;
  readonly #workers: number;
  readonly #cells: Cells;
  /** What each cell, summed over all workers, held at the last reset. Any thread may write it, so by Atomics. */
  readonly #zero: BigInt64Array;

  private constructor({ buffer, workers }: CommandStatsHandle) {
    const rows = workers * ROW_CELLS;
    this.#buffer = buffer;
    this.#workers = workers;
    this.#cells = new Cells(buffer, 0, rows);
    this.#zero = new BigInt64Array(buffer, Cells.bytes(rows), CELLS_USED);
  }

  /** @param workers at least 1 */
  static create(workers: number): CommandStats {
    const bytes = Cells.bytes(workers * ROW_CELLS) + CELLS_USED * BigInt64Array.BYTES_PER_ELEMENT;
    return new CommandStats({ buffer: new SharedArrayBuffer(bytes), workers });
  }

  static attach(handle: CommandStatsHandle): CommandStats {
    return new CommandStats(handle);
  }

  get handle(): CommandStatsHandle {
    return { buffer: this.#buffer, workers: this.#workers };
  }

  /**
   * Counts calls of a command in the caller's own row. `worker` is its index, from 0.
   *
   * @param microseconds that the calls took, all together; kept to the nanosecond
   */
  count(worker: number, command: number, calls: number, microseconds: number): void {
    const at = cellOf(worker, command);
    this.#cells.add(at + CALLS, calls);
    this.#cells.add(at + NANOSECONDS, Math.round(microseconds * 1000));
  }

  /** Counts a command that was not executed. */
  rejected(worker: number, command: number): void {
    this.#cells.add(cellOf(worker, command) + REJECTED, 1);
  }

  /** Counts a call that was answered with an error; it is also counted by {@link count}. */
  failed(worker: number, command: number): void {
    this.#cells.add(cellOf(worker, command) + FAILED, 1);
  }

  /** Counts an error that a command is answered with. @param message begins with its code */
  erred(worker: number, message: string): void {
    const known = ERROR_CODES.findIndex((code) => message.startsWith(`${code} `));
    const code = known === -1 ? ERROR_CODES.length - 1 : known;
    this.#cells.add(worker * ROW_CELLS + ERRORS + code, 1);
  }

  /** Counts bytes read from connections. */
  received(worker: number, bytes: number): void {
    this.#cells.add(worker * ROW_CELLS + INPUT, bytes);
  }

  /** Counts bytes written to connections. */
  sent(worker: number, bytes: number): void {
    this.#cells.add(worker * ROW_CELLS + OUTPUT, bytes);
  }

  /** Of the commands that came since the last reset, by their numbers. */
  totals(): CommandTotals[] {
    return Array.from({ length: COMMAND_SLOTS }, (_, command) => this.#totalsOf(command)).filter(
      ({ calls, rejected }) => calls > 0 || rejected > 0,
    );
  }

  /** Those that came since the last reset. */
  errors(): ErrorTotal[] {
    return ERROR_CODES.map((code, at) => ({ code, count: this.#sinceReset(ERRORS + at) })).filter(
      ({ count }) => count > 0,
    );
  }

  /** Since the last reset. */
  get traffic(): Traffic {
    return { input: this.#sinceReset(INPUT), output: this.#sinceReset(OUTPUT) };
  }

  /** Since the start, whatever has been reset: for counters that must not go down. */
  get trafficSinceStart(): Traffic {
    return { input: this.#sum(INPUT), output: this.#sum(OUTPUT) };
  }

  /** All of it counts from 0 again, for all workers. Any of them may do it. */
  reset(): void {
    for (let cell = 0; cell < CELLS_USED; cell++) {
      Atomics.store(this.#zero, cell, BigInt(this.#sum(cell)));
    }
  }

  #totalsOf(command: number): CommandTotals {
    const at = cellOf(0, command);
    return {
      command,
      calls: this.#sinceReset(at + CALLS),
      microseconds: this.#sinceReset(at + NANOSECONDS) / 1000,
      rejected: this.#sinceReset(at + REJECTED),
      failed: this.#sinceReset(at + FAILED),
    };
  }

  #sinceReset(cell: number): number {
    // First: a reset that comes now must not take more for zero than what is read after it.
    const zero = Number(Atomics.load(this.#zero, cell));
    return this.#sum(cell) - zero;
  }

  #sum(cell: number): number {
    let sum = 0;
    for (let worker = 0; worker < this.#workers; worker++) sum += this.#cells.read(worker * ROW_CELLS + cell);
    return sum;
  }
}

function cellOf(worker: number, command: number): number {
  return worker * ROW_CELLS + command * CELLS_PER_COMMAND;
}
