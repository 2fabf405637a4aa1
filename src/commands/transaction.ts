/** What a client has said since `MULTI`: the commands that `EXEC` is to run. */
import type { Arguments } from './arguments.js';

/** Bytes that a queued command takes beside its words, about. */
const BYTES_PER_COMMAND = 256;
const BYTES_PER_WORD = 8;

/** Bytes that the queue of one client may take: as many as may wait for a client that does not read its replies. */
const QUEUE_LIMIT = 256 * 1024 * 1024;

export const TOO_LARGE = 'ERR transaction too large: no room for more commands';

export class Transaction {
  /** Commands in the order they are to run in, in bytes of their own. */
  readonly queue: Arguments[] = [];
  /** Bytes that the queue takes, about. */
  bytes = 0;
  /** One of them could not be queued: `EXEC` will run none. */
  isDoomed = false;

  readonly #limit: number;

  /** @param limit bytes that the queue may take */
  constructor(limit = QUEUE_LIMIT) {
    this.#limit = limit;
  }

  /** Queues a command. @returns false when there is no room for it: then the transaction is doomed */
  add(args: Arguments): boolean {
    const bytes = args.bytesBetween() + args.count * BYTES_PER_WORD + BYTES_PER_COMMAND;
    if (this.bytes + bytes > this.#limit) {
      this.doom();
      return false;
    }
    // What will never run needs no room.
    if (this.isDoomed) return true;
    this.bytes += bytes;
    this.queue.push(args.detached());
    return true;
  }

  /** Lets `EXEC` run nothing, and frees what has been queued. */
  doom(): void {
    this.isDoomed = true;
    this.queue.length = 0;
  }
}
