/** Whether the other side of a connection still answers: asked regularly, and at once when an answer is missed. */

/** Milliseconds between two questions. */
const INTERVAL = 250;

/** Milliseconds for an answer; after that the other side counts as unresponsive until it comes. */
const PATIENCE = 1_000;

/** Milliseconds of silence after which an answer is not waited for any more. */
const SILENCE_LIMIT = 3_000;

export interface HeartbeatOptions {
  /** Resolves when the other side has answered. */
  ask(): Promise<void>;
  onResponsive(isResponsive: boolean): void;
  /** There has been no answer for too long. */
  onSilent(): void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #timer: NodeJS.Timeout | undefined;
  #isResponsive = true;
  /** When the question that is not answered yet was asked, on the clock of `performance.now`; undefined: none is. */
  #askedAt: number | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  get isResponsive(): boolean {
    return this.#isResponsive;
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(), INTERVAL);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#isResponsive = false;
  }

  /** An answer to something else is overdue: it counts as unresponsive until it answers a question asked from now on. */
  doubt(): void {
    this.#become(false);
    if (this.#askedAt === undefined) this.#ask();
  }

  #beat(): void {
    if (this.#askedAt === undefined) {
      this.#ask();
      return;
    }
    const silence = performance.now() - this.#askedAt;
    if (silence >= PATIENCE) this.#become(false);
    if (silence >= SILENCE_LIMIT) this.#options.onSilent();
  }

  #ask(): void {
    this.#askedAt = performance.now();
    this.#options.ask().then(
      () => {
        this.#askedAt = undefined;
        this.#become(true);
      },
      // The connection is lost, and says so itself.
      () => {},
    );
  }

  #become(isResponsive: boolean): void {
    if (this.#timer === undefined || this.#isResponsive === isResponsive) return;
    this.#isResponsive = isResponsive;
    this.#options.onResponsive(isResponsive);
  }
}
