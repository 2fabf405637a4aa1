/** Replies as plain values, to be compared with each other and with what is expected. */
import type { Reply } from '../../src/commands/reply.js';
import { ABSENT, type ImmediateCache, UNCERTAIN } from '../../src/store/tiered.js';

/**
 * A status begins with `+`, an error with `-`; other strings are values, a character for a byte. A BigInt is an integer
 * that a number is not exact for.
 */
export type Captured = string | number | bigint | null | Captured[];

/** Collects one reply. */
export class Capture implements Reply {
  #root: Captured | undefined;
  /** Lists that are not complete, the innermost last, and how many values each of them lacks. */
  readonly #open: { readonly list: Captured[]; missing: number }[] = [];

  /** @throws {Error} when there is no reply, or a part of one */
  get whole(): Captured {
    if (this.#root === undefined || this.#open.length > 0) throw new Error('the reply is not complete');
    return this.#root;
  }

  status(text: string): void {
    this.#add(`+${text}`);
  }

  error(message: string): void {
    this.#add(`-${message.replace(/[\r\n]/g, ' ')}`);
  }

  integer(value: number | bigint): void {
    this.#add(Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value));
  }

  bulk(bytes: Uint8Array): void {
    this.#add(Buffer.from(bytes).toString('latin1'));
  }

  text(text: string): void {
    this.bulk(Buffer.from(text));
  }

  verbatim(text: string): void {
    this.text(text);
  }

  nil(): void {
    this.#add(null);
  }

  nilArray(): void {
    this.#add(null);
  }

  double(value: number): void {
    this.text(String(value));
  }

  array(length: number): void {
    const list: Captured[] = [];
    this.#add(list);
    if (length > 0) this.#open.push({ list, missing: length });
  }

  set(length: number): void {
    this.array(length);
  }

  map(pairs: number): void {
    this.array(2 * pairs);
  }

  value(cache: ImmediateCache, bytes: Uint8Array, start: number, end: number): boolean {
    let target = Buffer.alloc(16);
    let length = cache.readInto(bytes, start, end, target, 0);
    while (length > target.length) {
      target = Buffer.alloc(length);
      length = cache.readInto(bytes, start, end, target, 0);
    }
    if (length === UNCERTAIN) return false;
    if (length === ABSENT) this.nil();
    else this.bulk(target.subarray(0, length));
    return true;
  }

  #add(value: Captured): void {
    const innermost = this.#open.at(-1);
    if (innermost === undefined) {
      if (this.#root !== undefined) throw new Error('a command has answered twice');
      this.#root = value;
      return;
    }
    innermost.list.push(value);
    if (--innermost.missing === 0) this.#open.pop();
  }
}
