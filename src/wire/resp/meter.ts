/**
 * Counts commands by what they do with values and whether they came to an error, and times them. Per command that is an
 * addition; what is shared with other threads is written once for all commands of a read.
 */
import { CommandKind } from '../../commands/lookup.js';
import { type RequestCounters, seriesOf } from '../../telemetry/requests.js';
import { Stopwatch } from '../../telemetry/stopwatch.js';
import type { RespReply } from './reply.js';

/** By kind, without and with an error. */
const SERIES: readonly number[] = (
  [
    [CommandKind.READ, 'read'],
    [CommandKind.WRITE, 'write'],
    [CommandKind.OTHER, 'other'],
  ] as const
).reduce<number[]>((series, [kind, operation]) => {
  series[2 * kind] = seriesOf('resp', operation, 'ok');
  series[2 * kind + 1] = seriesOf('resp', operation, 'error');
  return series;
}, []);

export class Meter {
  readonly #reply: RespReply;
  readonly #requests: RequestCounters;
  readonly #worker: number;
  readonly #stopwatch: Stopwatch;
  /** Commands that have been answered since {@link begin}, by series. */
  readonly #tally = new Uint32Array(SERIES.length);
  /** Errors that the reply had told of when the last command was counted. */
  #errors = 0;
  #began = 0;

  /** @param worker the row of the lane's worker, from 0 */
  constructor(reply: RespReply, requests: RequestCounters, worker: number) {
    this.#reply = reply;
    this.#requests = requests;
    this.#worker = worker;
    this.#stopwatch = new Stopwatch(requests, worker, 'resp');
  }

  /** To be called before the commands of a read. */
  begin(): void {
    this.#began = this.#stopwatch.begin();
  }

  /** A command has been answered. */
  count(kind: CommandKind): void {
    const { errors } = this.#reply;
    this.#tally[2 * kind + (errors === this.#errors ? 0 : 1)]++;
    this.#errors = errors;
  }

  /** The same for one that had to wait since `began`, by `performance.now()`. */
  countWaited(kind: CommandKind, began: number): void {
    this.count(kind);
    this.#stopwatch.waited(began);
  }

  /** To be called when the replies have been written. @param waited of the commands, those that had to wait */
  end(waited: number): void {
    let answered = 0;
    for (let index = 0; index < SERIES.length; index++) {
      const commands = this.#tally[index];
      if (commands === 0) continue;
      this.#requests.served(this.#worker, SERIES[index], commands);
      this.#tally[index] = 0;
      answered += commands;
    }
    this.#stopwatch.end(this.#began, answered - waited);
  }
}
