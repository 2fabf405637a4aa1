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

/** A key that a client watches. */
export interface WatchedKey {
  /** Whether it may have been changed since. */
  readonly isChanged: boolean;
  unwatch(): void;
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
  /** What has been said since `MULTI`. */
  transaction: Transaction | undefined;
  /** By the keys, a character for a byte. */
  readonly watched = new Map<string, WatchedKey>();
  /** The connection ends when the replies so far have been sent. */
  isEnding = false;

  constructor({ id, address, localAddress, access }: ClientOptions) {
    this.id = id;
    this.address = address;
    this.localAddress = localAddress;
    this.access = access;
  }

  /** Watches no key any more. */
  unwatch(): void {
    for (const key of this.watched.values()) key.unwatch();
    this.watched.clear();
  }

  /** What has been said since `MULTI` is forgotten, and no key is watched any more. */
  endTransaction(): void {
    this.transaction = undefined;
    this.unwatch();
  }

  /** To be called when the connection has ended: what is kept for it elsewhere is given back. */
  end(): void {
    this.isEnding = true;
    this.endTransaction();
  }
}
