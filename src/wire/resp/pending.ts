/**
 * Bytes of commands of one connection that can't run yet, in a buffer of its own. It grows with what has come, not with
 * what was announced, and not with every read anew: what has come is copied a few times at most, however long it gets.
 */
import type { Request } from './request.js';

/** Bytes of the smallest buffer. */
const LEAST = 64;
/** Bytes of what may follow the word that is waited for in the read that brings its end. */
const BEHIND_WORD = 64 * 1024;
/** Bytes of a buffer that is kept when little of it is used. */
const MOST_IDLE = 256 * 1024;

const NOTHING = Buffer.alloc(0);

export class Pending {
  #bytes: Buffer = NOTHING;
  #length = 0;

  /** The bytes, up to {@link length}. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Begins with what a request needs of the bytes before `end`; they are anybody's after this. */
  begin(request: Request, bytes: Buffer, end: number): void {
    this.#moveTo(Buffer.allocUnsafeSlow(Math.max(LEAST, end - request.needed)), request, bytes, end);
  }

  /** Adds bytes, and drops those that the request does not need any more when that makes room for them. */
  append(request: Request, bytes: Buffer, start: number, end: number): void {
    const count = end - start;
    if (this.#length + count > this.#bytes.length) this.#makeRoom(request, count);
    this.#bytes.set(bytes.subarray(start, end), this.#length);
    this.#length += count;
  }

  /** Commands have run: a long one's buffer is not kept for the beginning of a short one. */
  shrink(request: Request): void {
    const length = this.#length - request.needed;
    if (this.#bytes.length <= MOST_IDLE || this.#bytes.length < 4 * length) return;
    this.#moveTo(Buffer.allocUnsafeSlow(Math.max(LEAST, length)), request, this.#bytes, this.#length);
  }

  clear(): void {
    this.#bytes = NOTHING;
    this.#length = 0;
  }

  #makeRoom(request: Request, count: number): void {
    const { needed } = request;
    const length = this.#length - needed + count;
    if (length <= this.#bytes.length && needed >= this.#bytes.length / 2) {
      this.#moveTo(this.#bytes, request, this.#bytes, this.#length);
      return;
    }
    const announced = request.announced - needed;
    const capacity = Math.max(
      LEAST,
      announced > length ? Math.min(2 * length, announced + BEHIND_WORD) : 2 * length,
    );
    this.#moveTo(Buffer.allocUnsafeSlow(capacity), request, this.#bytes, this.#length);
  }

  #moveTo(target: Buffer, request: Request, bytes: Buffer, end: number): void {
    const { needed } = request;
    target.set(bytes.subarray(needed, end));
    this.#bytes = target;
    this.#length = end - needed;
    request.moveTo(target);
  }
}
