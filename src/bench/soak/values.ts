/**
 * Values that tell whether they are right: each carries its key, which write of the key it came by, and a checksum over
 * all of it. So one that is torn, cut, or another key's is found by whoever reads it.
 */
import { crc32 } from 'node:zlib';

const FILLER = Buffer.alloc(64 * 1024, 'abcdefghijklmnopqrstuvwxyz');
const CHECKSUM = 8;

/** @param length of what fills it up, in bytes, at most 64 KiB */
export function stampedValue(key: string, number: number, length: number): Buffer {
  // Fillers begin differently, or one could be put together from two.
  const start = number % 26;
  const content = Buffer.concat([
    Buffer.from(`${key} ${number} `),
    FILLER.subarray(start, start + Math.min(length, FILLER.length - start)),
  ]);
  return Buffer.concat([content, Buffer.from(checksumOf(content))]);
}

/** @returns undefined when it is not as it was written */
export function readValue(bytes: Buffer): { readonly key: string; readonly number: number } | undefined {
  const end = bytes.length - CHECKSUM;
  if (end < 0) return undefined;
  const content = bytes.subarray(0, end);
  if (checksumOf(content) !== bytes.toString('latin1', end)) return undefined;
  const [key = '', number] = content.toString('latin1', 0, 200).split(' ');
  return { key, number: Number(number) };
}

function checksumOf(content: Buffer): string {
  return crc32(content).toString(16).padStart(CHECKSUM, '0');
}
