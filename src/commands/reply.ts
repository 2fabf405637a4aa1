/**
 * What commands answer into: a reply is a tree of values, told from its root on. RESP2, RESP3 and JSON each write it
 * down in their own way, so a command says what it means and not how it looks.
 */
import type { ImmediateCache } from '../store/tiered.js';

export interface Reply {
  /** A status: `OK`, `QUEUED`, `PONG`. One line of ASCII. */
  status(text: string): void;

  /** An error: its code in capitals, a blank, and what is wrong. What would break the line becomes a blank. */
  error(message: string): void;

  /** A whole number, of 64 bits at most. */
  integer(value: number | bigint): void;

  /** A string of bytes; they are copied or written before this returns. */
  bulk(bytes: Uint8Array): void;

  /** A string of text, as UTF-8. */
  text(text: string): void;

  /** Text that is to be read by people (RESP3 says so; elsewhere it is a string). */
  verbatim(text: string): void;

  /** No value. */
  nil(): void;

  /** No list, as `EXEC` says when a watched key has changed: RESP2 has a word of its own for that. */
  nilArray(): void;

  /** A number with a fraction (RESP3; elsewhere a string). */
  double(value: number): void;

  /** The next `length` values are a list. */
  array(length: number): void;

  /** The next `length` values are a set (elsewhere than in RESP3 a list). */
  set(length: number): void;

  /** The next `pairs` pairs of values are a map (elsewhere than in RESP3 a list of twice the length). */
  map(pairs: number): void;

  /**
   * The value of a key, straight from the cache; nil when it has none.
   *
   * @param bytes holds the key from `start` to before `end`
   * @returns false when the cache can't say at once: then nothing has been answered
   */
  value(cache: ImmediateCache, bytes: Uint8Array, start: number, end: number): boolean;
}

export const OK = 'OK';
