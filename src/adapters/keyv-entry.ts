/**
 * Keyv's keys and values as the map keeps them.
 *
 * Keyv serialises values to text, and texts are kept as their UTF-8, so that other users of the map can read them. When
 * its serialisation is switched off it hands over the values themselves: those are cloned by V8's serialiser, whose
 * output begins with a byte that no UTF-8 has.
 *
 * Keyv's users cache under keys of any length, such as URLs, the map has keys of 512 bytes at most. An entry with a
 * longer key is found by the key's hash, and has the key in front of its value: it is checked when the entry is read, and
 * given back when keys are listed.
 */
import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';
import { MAX_KEY_BYTES } from '../../shards/index.js';

/** First byte of V8's serialisation format. */
const CLONED = 0xff;

/** First byte of a value with a key in front, after it the key's length in four bytes. No UTF-8 has it either. */
const LONG_KEY = 0xfe;
const LONG_KEY_HEADER_BYTES = 5;

const LONG_KEY_PREFIX = 'hotshard:long-key:';

const MAX_BYTES_PER_CODE_UNIT = 3;

/** What the map's key is for this key: the key itself, or its hash when it is too long. */
export function idOf(key: string): string {
  if (key.length * MAX_BYTES_PER_CODE_UNIT <= MAX_KEY_BYTES || Buffer.byteLength(key) <= MAX_KEY_BYTES) {
    return key;
  }
  return LONG_KEY_PREFIX + createHash('sha256').update(key).digest('hex');
}

/** Whether it may be the hash of a long key: a short key may look the same. */
export function mayBeLong(id: string): boolean {
  return id.startsWith(LONG_KEY_PREFIX);
}

/**
 * @throws {Error} when the value can't be cloned: it is or has a function, for example
 */
export function encode(key: string, id: string, value: unknown): string | Uint8Array {
  const encoded = typeof value === 'string' ? value : serialize(value);
  if (id === key) return encoded;
  const header = Buffer.alloc(LONG_KEY_HEADER_BYTES, LONG_KEY);
  const keyBytes = Buffer.from(key);
  header.writeUInt32LE(keyBytes.length, 1);
  return Buffer.concat([header, keyBytes, typeof encoded === 'string' ? Buffer.from(encoded) : encoded]);
}

/** The value of the key, or undefined when these are the bytes of another key's entry. */
export function decode(bytes: Uint8Array<ArrayBuffer>, key: string, id: string): unknown {
  const entryKey = longKeyOf(bytes);
  if (entryKey !== (id === key ? undefined : key)) return undefined;
  const at = entryKey === undefined ? 0 : LONG_KEY_HEADER_BYTES + bufferOf(bytes).readUInt32LE(1);
  const encoded = bufferOf(bytes).subarray(at);
  return encoded[0] === CLONED ? deserialize(encoded) : encoded.toString();
}

/** The long key that these bytes are an entry of, or undefined when they are that of a short one. */
export function longKeyOf(bytes: Uint8Array<ArrayBuffer>): string | undefined {
  if (bytes[0] !== LONG_KEY) return undefined;
  const buffer = bufferOf(bytes);
  return buffer.toString('utf8', LONG_KEY_HEADER_BYTES, LONG_KEY_HEADER_BYTES + buffer.readUInt32LE(1));
}

function bufferOf(bytes: Uint8Array<ArrayBuffer>): Buffer<ArrayBuffer> {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
