/** What a client has said since `MULTI`, and the keys it watches. */
import type { Arguments } from './arguments.js';

export class Transaction {
  /** Commands in the order they are to run in, in bytes of their own. */
  readonly queue: Arguments[] = [];
  /** One of them could not be queued: `EXEC` will run none. */
  isDoomed = false;
}
