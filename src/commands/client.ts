/** What the server knows of one client that sends it commands: who it is, what it may do, and what it is in the middle of. */
import type { Transaction } from './transaction.js';

/** Nothing yet; reading; everything. */
export type Access = 'none' | 'read-only' | 'full';

export interface ClientOptions {
  /** Unique over all workers, from 1. */
  readonly id: number;
  /** `address:port` of the client, and of the server's end. */
  readonly address: string;
  readonly localAddress: string;
  /** What it may do without having said a password. */
  readonly access: Access;
}

export class Client {
  readonly id: number;
  readonly address: string;
  readonly localAddress: string;
  readonly connectedAt = Date.now();
  /** Milliseconds since the epoch. */
  lastCommandAt = this.connectedAt;
  /** Full name of the last command, in lower case: `get`, `client|list`. */
  lastCommand = 'NULL';
  access: Access;
  /** Version of RESP it has chosen. */
  protocol: 2 | 3 = 2;
  /** By `CLIENT SETNAME`; empty: none. */
  name = '';
  /** By `CLIENT SETINFO`. */
  libraryName = '';
  libraryVersion = '';
  isNoEvict = false;
  isNoTouch = false;
  /** What stands between `MULTI` and `EXEC`, and what is watched. */
  transaction: Transaction | undefined;
  /** The connection ends when the replies so far have been sent. */
  isEnding = false;

  constructor({ id, address, localAddress, access }: ClientOptions) {
    this.id = id;
    this.address = address;
    this.localAddress = localAddress;
    this.access = access;
  }
}
