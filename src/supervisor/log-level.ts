/** The level of the log while the program runs: SIGUSR2 turns on what helps to find a fault, and turns it off again. */
import type { Logger } from 'pino';
import type { LogLevel } from '../config/config.js';

/** Levels at which requests are logged. */
const VERBOSE: ReadonlySet<LogLevel> = new Set(['debug', 'trace']);

export class LevelSwitch {
  readonly #logger: Logger;
  /** What it goes back to. */
  readonly #usual: LogLevel;
  #current: LogLevel;

  /** @param configured the level that the program was started with */
  constructor(logger: Logger, configured: LogLevel) {
    this.#logger = logger;
    this.#usual = VERBOSE.has(configured) ? 'info' : configured;
    this.#current = configured;
  }

  /** What new workers begin with. */
  get current(): LogLevel {
    return this.#current;
  }

  /**
   * Changes the level at every SIGUSR2, to `debug` or back, until the function it returns is called.
   *
   * @param use is given the new level
   */
  watch(use: (level: LogLevel) => void): () => void {
    const onSignal = (): void => {
      const level = VERBOSE.has(this.#current) ? this.#usual : 'debug';
      // Said while the lower of the two levels counts, or nobody might see it.
      if (level === 'debug') this.#logger.level = level;
      this.#logger.info({ from: this.#current, to: level }, `SIGUSR2: the log level is ${level}`);
      this.#logger.level = level;
      this.#current = level;
      use(level);
    };
    process.on('SIGUSR2', onSignal);
    return () => process.removeListener('SIGUSR2', onSignal);
  }
}
