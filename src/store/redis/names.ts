/** The names that keys have in Redis: a prefix, which may be empty, before each. */
import type { StoreCommand, StoreKey } from '../backing-store.js';

export class Names {
  readonly #prefix: string;
  readonly #prefixBytes: Buffer;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.#prefixBytes = Buffer.from(prefix);
  }

  of(key: StoreKey): string | Buffer {
    if (typeof key === 'string') return this.#prefix + key;
    return this.#prefix === '' ? asBuffer(key) : Buffer.concat([this.#prefixBytes, key]);
  }

  /** The words of a command as Redis is to get them. */
  command({ words, keys }: StoreCommand): readonly (string | Buffer)[] {
    if (this.#prefix === '') return words;
    const named = [...words];
    for (const index of keys) named[index] = this.of(words[index]);
    return named;
  }
}

/** ioredis sends a Buffer as it is, and any other typed array as text. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
