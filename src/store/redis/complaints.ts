/** Why nodes of a Redis Cluster can't be asked who serves what: logged, and not again and again. */
import type { Logger } from 'pino';
import type { NodeName } from './topology.js';

/** Milliseconds after which a reason that is still the same is logged again. */
const REPEAT_LOG_AFTER = 30_000;

export class Complaints {
  /** The last reason. */
  last = 'no node has been reached yet';
  readonly #logger: Logger;
  /** When which reason was last logged, on the clock of `performance.now`. */
  readonly #logged = new Map<string, number>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  add(name: NodeName, error: unknown): void {
    const reason = `${name}: ${error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)}`;
    this.last = reason;
    const now = performance.now();
    if (now - (this.#logged.get(reason) ?? Number.NEGATIVE_INFINITY) < REPEAT_LOG_AFTER) return;
    this.#logged.set(reason, now);
    this.#logger.warn({ redis: name, reason }, `the Redis Cluster can't be asked who serves what: ${reason}`);
  }
}
