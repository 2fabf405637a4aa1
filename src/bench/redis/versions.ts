/**
 * How long old values are served: which version of a key somebody wrote, and when, and which versions readers got
 * after that. Times are of one clock, in milliseconds.
 */

/** What became of one write of a new version. */
export interface Staleness {
  /** From the write's reply to the last old value that came in; 0 = none came. */
  readonly received: number;
  /**
   * From the write's reply to the last request that was answered with an old value; 0 = none was. All that is longer
   * than this may be the way of the answer.
   */
  readonly asked: number;
}

interface Write {
  readonly version: number;
  readonly at: number;
  received: number;
  asked: number;
}

export class Versions {
  readonly #writes: Write[][];

  /** Keys are numbers from 0; their first version is 0. */
  constructor(keys: number) {
    this.#writes = Array.from({ length: keys }, () => []);
  }

  /** @param at when the store's reply came */
  written(key: number, version: number, at: number): void {
    this.#writes[key].push({ version, at, received: 0, asked: 0 });
  }

  /** @param version what a reader got, by a request sent at `sent` whose answer came at `received` */
  read(key: number, version: number, sent: number, received: number): void {
    const writes = this.#writes[key];
    for (let i = writes.length - 1; i >= 0 && writes[i].version > version; i--) {
      const write = writes[i];
      write.received = Math.max(write.received, received - write.at);
      write.asked = Math.max(write.asked, sent - write.at);
    }
  }

  /** Of every write, key by key. */
  get staleness(): Staleness[] {
    return this.#writes.flat().map(({ received, asked }) => ({ received, asked }));
  }
}
