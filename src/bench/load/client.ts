/** The load as seen by the benchmark: starts its process and hands it orders. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AutocannonOrder, Counts, Load, Message, Order } from './orders.js';
import { endProcess, startProcess } from './pinned.js';

const PROGRAM = fileURLToPath(new URL('./process.js', import.meta.url));

interface Answer {
  /** What follows is to come: connections are open now. */
  readonly isOpen?: true;
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
   * @param onOpen called when all connections are open, before the first request as a rule
   * @throws {LoadError} when the server can't be reached, or the process has ended
   */
  run(order: Order, onOpen?: () => void): Promise<Load>;
  run(order: Order | AutocannonOrder, onOpen?: () => void): Promise<Counts>;
  async run(order: Order | AutocannonOrder, onOpen: () => void = () => {}): Promise<Counts> {
    const over = new AbortController();
    const { signal } = over;
    const ended = once(this.#process, 'exit', { signal }).then(() => {
      throw new LoadError('the load process has ended');
    });
    ended.catch(() => {}); // aborted, or told by the race
    this.#tell(order);
    try {
      const answer = await Promise.race([this.#answer(signal, onOpen), ended]);
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

  #answer(signal: AbortSignal, onOpen: () => void): Promise<Answer> {
    return new Promise((resolve) => {
      const take = (answer: Answer) => (answer.isOpen ? onOpen() : resolve(answer));
      this.#process.on('message', take);
      signal.addEventListener('abort', () => this.#process.off('message', take));
    });
  }

  #tell(message: Message): void {
    this.#process.send(message);
  }
}
