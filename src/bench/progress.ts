/** How far a benchmark is: a bar where standard error is a terminal, otherwise a line for each phase. */
import { SingleBar } from 'cli-progress';

/** Milliseconds between two states of the bar. */
const INTERVAL = 200;

export interface Progress {
  /** What is done from now on, and the seconds it will take. */
  begin(phase: string, seconds: number): void;
  /** Takes the bar away. */
  stop(): void;
}

/** @param seconds of all phases together */
export function showProgress(seconds: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY
    ? new Bar(seconds, stream)
    : { begin: (phase) => stream.write(`${phase}\n`), stop() {} };
}

/** Shows how far one piece of work is that takes about so many seconds. */
export async function withProgress<T>(phase: string, seconds: number, work: Promise<T>): Promise<T> {
  const progress = showProgress(seconds);
  progress.begin(phase, seconds);
  try {
    return await work;
  } finally {
    progress.stop();
  }
}

class Bar implements Progress {
  readonly #bar: SingleBar;
  readonly #timer = setInterval(() => this.#update(), INTERVAL).unref();
  #phase = '';
  #began = performance.now();
  /** Seconds of this phase, and of those before. */
  #length = 0;
  #done = 0;

  constructor(seconds: number, stream: NodeJS.WriteStream) {
    const format = '[{bar}] {percentage} %  {phase}';
    // The program has its own way to stop.
    this.#bar = new SingleBar({ stream, format, clearOnComplete: true, gracefulExit: false });
    this.#bar.start(seconds, 0, { phase: '' });
  }

  begin(phase: string, seconds: number): void {
    this.#done += this.#length;
    this.#phase = phase;
    this.#length = seconds;
    this.#began = performance.now();
    this.#update();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bar.stop();
  }

  #update(): void {
    const elapsed = (performance.now() - this.#began) / 1000;
    this.#bar.update(this.#done + Math.min(elapsed, this.#length), { phase: this.#phase });
  }
}
