/**
 * The key of the operation under way, in private memory: its bytes as little-endian words, filled up with zeros,
 * its length and its hash. Entries hold their keys in the same form, so keys are compared word by word.
 */
import { type HashSecrets, hashWords } from './hash.js';
import { MAX_KEY_BYTES, WORD_BYTES } from './layout.js';

const encoder = new TextEncoder();

export class KeyBuffer {
  readonly words: Int32Array<ArrayBuffer>;
  /** In bytes, 1 to 512. */
  length = 0;
  hash = 0;
  readonly #secrets: HashSecrets;
  /** Room for one character more than the longest key, so that a longer one is seen to be longer. */
  readonly #encoded = new Uint8Array(MAX_KEY_BYTES + 4);

  constructor(secrets: HashSecrets) {
    this.#secrets = secrets;
    this.words = new Int32Array(MAX_KEY_BYTES / WORD_BYTES);
  }

  /**
   * @throws {TypeError} when the key is neither a string nor a Uint8Array
   * @throws {RangeError} when it is not 1 to 512 bytes long
   */
  load(key: string | Uint8Array): void {
    if (typeof key === 'string') {
      if (!this.#loadAscii(key)) this.#loadText(key);
    } else if (key instanceof Uint8Array) {
      this.loadRange(key, 0, key.length);
    } else {
      throw new TypeError(`key must be a string or a Uint8Array, not ${describe(key)}`);
    }
  }

  /**
   * Loads the bytes from `start` to before `end`: for callers whose keys lie in a larger buffer.
   *
   * @throws {RangeError} when they are not 1 to 512
   */
  loadRange(key: Uint8Array, start: number, end: number): void {
    const length = end - start;
    checkLength(length);
    const { words } = this;
    const whole = length >>> 2;
    let at = start;
    for (let i = 0; i < whole; i++) {
      words[i] = key[at] | (key[at + 1] << 8) | (key[at + 2] << 16) | (key[at + 3] << 24);
      at += 4;
    }
    if (at < end) {
      let last = key[at];
      if (at + 1 < end) last |= key[at + 1] << 8;
      if (at + 2 < end) last |= key[at + 2] << 16;
      words[whole] = last;
    }
    this.length = length;
    this.hash = hashWords(this.#secrets, words, 0, length);
  }

  /** False when a character is not ASCII: then nothing is loaded. */
  #loadAscii(key: string): boolean {
    const { length } = key;
    if (length === 0 || length > MAX_KEY_BYTES) return false;
    const { words } = this;
    const whole = length >>> 2;
    let seen = 0;
    let at = 0;
    for (let i = 0; i < whole; i++) {
      const a = key.charCodeAt(at);
      const b = key.charCodeAt(at + 1);
      const c = key.charCodeAt(at + 2);
      const d = key.charCodeAt(at + 3);
      seen |= a | b | c | d;
      words[i] = a | (b << 8) | (c << 16) | (d << 24);
      at += 4;
    }
    if (at < length) {
      let last = 0;
      for (let shift = 0; at < length; at++, shift += 8) {
        const code = key.charCodeAt(at);
        seen |= code;
        last |= code << shift;
      }
      words[whole] = last;
    }
    if (seen > 0x7f) return false;
    this.length = length;
    this.hash = hashWords(this.#secrets, words, 0, length);
    return true;
  }

  #loadText(key: string): void {
    const { read, written } = encoder.encodeInto(key, this.#encoded);
    checkLength(read < key.length ? MAX_KEY_BYTES + 1 : written);
    this.loadRange(this.#encoded, 0, written);
  }
}

/** Bytes from little-endian words, private to the caller. */
export function bytesOfWords(words: Int32Array, at: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = words[at + (i >>> 2)] >>> ((i & 3) << 3);
  return bytes;
}

/** What a wrong argument was, for an error message. */
export function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'object') return `an object of class ${value.constructor?.name ?? 'Object'}`;
  if (typeof value === 'number' || typeof value === 'boolean') return `${typeof value} ${value}`;
  return typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`;
}

function checkLength(length: number): void {
  if (length < 1) throw new RangeError(`key must be 1 to ${MAX_KEY_BYTES} bytes long, not empty`);
  if (length > MAX_KEY_BYTES) {
    throw new RangeError(`key must be 1 to ${MAX_KEY_BYTES} bytes long, this one is longer`);
  }
}
