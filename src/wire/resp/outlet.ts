/**
 * The way out of one connection. What the client does not take yet piles up here, in its order, up to a limit: so it can
 * go on sending without reading, as with Redis.
 */
import type { Socket } from 'node:net';
import type { Sink } from '../outbox.js';
import { Backlog } from './backlog.js';

const NOTHING = Buffer.alloc(0);

/** Whose way out it is. */
export interface OutletOwner {
  /** Bytes that the client may leave untaken. */
  readonly mostUntaken: number;
  /** So many bytes go out. */
  countSent(bytes: number): void;
  /** The kernel has taken some of what was untaken; all of it when the outlet is not blocked any more. */
  onTaken(): void;
  /** There is more than the client may leave untaken: the connection has to be destroyed. */
  onTooMuch(): void;
}

export class Outlet implements Sink {
  readonly #socket: Socket;
  readonly #owner: OutletOwner;
  readonly #backlog = new Backlog();
  #isBlocked = false;

  constructor(socket: Socket, owner: OutletOwner) {
    this.#socket = socket;
    this.#owner = owner;
  }

  /** Whether the kernel has not taken everything. */
  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  send(bytes: Uint8Array, whenSent?: () => void): boolean {
    // Nobody will take it, and there may be much of it.
    if (this.#socket.destroyed) return true;
    this.#owner.countSent(bytes.length);
    if (!this.#isBlocked) {
      this.#write(bytes, whenSent);
      return !this.#isBlocked;
    }
    this.#backlog.add(bytes);
    if (this.#backlog.length > this.#owner.mostUntaken) {
      this.#owner.onTooMuch();
      this.#backlog.clear();
    }
    return true;
  }

  #write(bytes: Uint8Array, whenSent?: () => void): void {
    const socket = this.#socket;
    socket.write(bytes);
    this.#isBlocked = socket.writableLength > 0;
    // A mark behind what was written: it is through when everything before it is.
    if (this.#isBlocked) socket.write(NOTHING, () => this.#unblock(whenSent));
  }

  #unblock(whenSent?: () => void): void {
    whenSent?.();
    this.#isBlocked = false;
    if (this.#socket.destroyed) {
      this.#backlog.clear();
      return;
    }
    // Until the kernel is full again, or there is nothing left: nobody else writes what is kept.
    for (let next = this.#backlog.next(); next !== undefined; next = this.#backlog.next()) {
      this.#write(next);
      if (this.#isBlocked) break;
    }
    this.#owner.onTaken();
  }
}
