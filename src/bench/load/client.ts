/** The load as seen by the benchmark: starts its process and hands it orders. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AutocannonOrder, Counts, Load, Message, Order } from './orders.js';
import { endProcess, startProcess } from './pinned.js';

const PROGRAM = fileURLToPath(new URL('./process.js', import.meta.url));

interface Answer {
  readonly load?: Counts;
  readonly error?: string;
}

/** The load could not be made. */
export class LoadError extends Error {}

export class LoadClient {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  static async start(): Promise<LoadClient> {
    const child = startProcess({
      core: 'load',
      command: process.execPath,
      args: [PROGRAM],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    await once(child, 'message');
    return new LoadClient(child);
  }

  /**
   * One at a time.
   *
   * @throws {LoadError} when the server can't be reached, or the process has ended
   */
  run(order: Order): Promise<Load>;
  run(order: Order | AutocannonOrder): Promise<Counts>;
  async run(order: Order | AutocannonOrder): Promise<Counts> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.#process, 'exit', { signal }).then(() => {
      throw new LoadError('the load process has ended');
    });
    ended.catch(() => {}); // aborted, or told by the race
    this.#tell(order);
    try {
      const [answer] = (await Promise.race([once(this.#process, 'message', { signal }), ended])) as [Answer];
      if (answer.load === undefined) throw new LoadError(answer.error);
      return answer.load;
    } finally {
      over.abort();
    }
  }

  /** Ends the run before its time: it resolves with what came so far. */
  endRun(): void {
    this.#tell({ kind: 'end' });
  }

  async stop(): Promise<void> {
    await endProcess(this.#process);
  }

  #tell(message: Message): void {
    this.#process.send(message);
  }
}
