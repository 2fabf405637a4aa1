/**
 * Replies as JSON, in the form of Upstash's REST interface: `{"result":…}`, or `{"error":…}` for an error.
 *
 * Whole numbers are written out however large they are. Strings are UTF-8, bytes that are not come as U+FFFD; or they
 * are Base64, all but the status OK, which clients of that interface tell by itself.
 *
 * Reference: https://upstash.com/docs/redis/features/restapi
 */
import { ABSENT, type ImmediateCache, UNCERTAIN } from '../store/tiered.js';
import { OK, type Reply } from './reply.js';

/** Bytes for a value at first. */
const FIRST_ROOM = 4096;

export interface JsonReplyForm {
  /** Whether strings are Base64. */
  readonly isBase64: boolean;
  /** Whether the reply is a list of commands' replies, each with a result or an error of its own: as `EXEC` gives it. */
  readonly isList?: boolean;
}

export class JsonReply implements Reply {
  readonly #form: JsonReplyForm;
  #text = '';
  /** How many values are still to come in each list that is open, the outermost first. */
  readonly #missing: number[] = [];
  #error: string | undefined;
  #scratch = Buffer.alloc(0);

  constructor(form: JsonReplyForm) {
    this.#form = form;
  }

  /** What the command came to is an error as a whole. */
  get isError(): boolean {
    return this.#error !== undefined;
  }

  /** The reply, once it is complete. */
  get json(): string {
    if (this.#error !== undefined) return `{"error":${JSON.stringify(this.#error)}}`;
    return this.#form.isList === true ? this.#text : `{"result":${this.#text}}`;
  }

  status(text: string): void {
    if (text === OK && this.#missing.length === (this.#form.isList === true ? 1 : 0)) this.#add('"OK"');
    else this.text(text);
  }

  error(message: string): void {
    if (this.#missing.length === 0) this.#error = message;
    else if (this.#isElement) this.#addElement('error', JSON.stringify(message));
    else this.text(message);
  }

  integer(value: number | bigint): void {
    this.#add(`${value}`);
  }

  bulk(bytes: Uint8Array): void {
    const { buffer, byteOffset, byteLength } = bytes;
    const text = Buffer.from(buffer, byteOffset, byteLength).toString(
      this.#form.isBase64 ? 'base64' : 'utf8',
    );
    this.#add(JSON.stringify(text));
  }

  text(text: string): void {
    this.#add(JSON.stringify(this.#form.isBase64 ? Buffer.from(text).toString('base64') : text));
  }

  verbatim(text: string): void {
    this.text(text);
  }

  nil(): void {
    this.#add('null');
  }

  nilArray(): void {
    this.#add('null');
  }

  double(value: number): void {
    this.text(`${value}`);
  }

  array(length: number): void {
    if (length === 0) {
      this.#add('[]');
      return;
    }
    if (this.#isElement) this.#text += '{"result":';
    this.#text += '[';
    this.#missing.push(length);
  }

  set(length: number): void {
    this.array(length);
  }

  map(pairs: number): void {
    this.array(2 * pairs);
  }

  value(cache: ImmediateCache, bytes: Uint8Array, start: number, end: number): boolean {
    for (;;) {
      const length = cache.readInto(bytes, start, end, this.#scratch, 0);
      if (length === UNCERTAIN) return false;
      if (length === ABSENT) this.nil();
      else if (length > this.#scratch.length) {
        this.#scratch = Buffer.allocUnsafeSlow(Math.max(FIRST_ROOM, length));
        continue;
      } else this.bulk(this.#scratch.subarray(0, length));
      return true;
    }
  }

  /** Whether what comes next is the reply of one of several commands. */
  get #isElement(): boolean {
    return this.#form.isList === true && this.#missing.length === 1;
  }

  #add(json: string): void {
    if (this.#isElement) this.#addElement('result', json);
    else this.#addValue(json);
  }

  #addElement(name: 'result' | 'error', json: string): void {
    this.#addValue(`{"${name}":${json}}`);
  }

  /** Adds a whole value, and ends the lists that it was the last of. */
  #addValue(json: string): void {
    this.#text += json;
    for (;;) {
      const missing = this.#missing.pop();
      if (missing === undefined) return;
      if (missing > 1) {
        this.#missing.push(missing - 1);
        this.#text += ',';
        return;
      }
      this.#text += ']';
      if (this.#isElement) this.#text += '}';
    }
  }
}
