/**
 * The format of a snapshot file. It has a version of its own: it says nothing of how a cache lies in memory, so
 * that caches of any size, number of shards and layout can be saved to it and restored from it.
 *
 * ```
 * file     | header | block | block | … | trailer |
 * header   | magic: 8 bytes | version | 0 | created at: float64, ms since the epoch | checksum |        (28 bytes)
 * block    | bytes of entries, more than 0 | number of entries | entry | entry | … | checksum |
 * trailer  | 0 | number of blocks | number of entries: low word, high word | checksum |                 (20 bytes)
 * entry    | value length | key length: 16 bits, flags: 16 bits | [expiry: low, high] | key | value |
 * ```
 *
 * All numbers are unsigned, little-endian words of 32 bits unless said otherwise. Keys and values are filled up with
 * zeros to whole words. An expiry is in milliseconds since the epoch. Entries stand in order of their last use, the
 * one used longest ago first: who has no room for all of them keeps the last ones. Of two entries with one key the
 * later one counts.
 *
 * A checksum is the CRC-32 of everything before it, from the beginning of the file on, other checksums left out.
 * So each block is known to be right before any entry of it is used, and to stand in its place: neither a missing
 * block nor one of another file passes. Nothing follows the trailer.
 */
import { crc32 } from 'node:zlib';
import { WORD_BYTES } from './layout.js';

/** Changes whenever the format does: files of a newer version are refused. */
export const SNAPSHOT_VERSION = 1;

/** The first byte is no text in any encoding, the last ones show whether somebody has converted line ends. */
export const MAGIC = Buffer.from('\x89hshd\r\n\n', 'latin1');

export const HEADER_BYTES = 28;
export const BLOCK_HEAD_BYTES = 8;
export const CHECKSUM_BYTES = 4;
export const TRAILER_BYTES = 20;
export const ENTRY_HEAD_WORDS = 2;
export const EXPIRY_WORDS = 2;
const VERSION_AT = 8;
const CREATED_AT = 16;
const HEADER_CHECKSUM_AT = 24;

/** An expiry follows the entry's first two words. */
export const ENTRY_EXPIRES = 1;
/** The entry came from a data file. */
export const ENTRY_BASELINE = 2;

/** The checksum of bytes that follow those of another checksum. */
export function checksum(bytes: Uint8Array, before: number): number {
  return crc32(bytes, before);
}

/** Words that so many bytes take. */
export function wordsFor(bytes: number): number {
  return Math.ceil(bytes / WORD_BYTES);
}

/** @param createdAt milliseconds since the epoch */
export function encodeHeader(createdAt: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(SNAPSHOT_VERSION, VERSION_AT);
  header.writeDoubleLE(createdAt, CREATED_AT);
  header.writeUInt32LE(checksum(header.subarray(0, HEADER_CHECKSUM_AT), 0), HEADER_CHECKSUM_AT);
  return header;
}

/** What a header says, or what is wrong with it. */
export type Header = { readonly createdAt: number; readonly checksum: number } | { readonly wrong: string };

/** @param header the first bytes of a file, HEADER_BYTES or as many as it has */
export function decodeHeader(header: Buffer): Header {
  const magic = header.subarray(0, MAGIC.length);
  if (header.length === 0) return { wrong: 'is empty' };
  if (!magic.equals(MAGIC.subarray(0, magic.length))) return { wrong: 'is no snapshot of hotshard' };
  if (header.length < HEADER_BYTES) return { wrong: 'is truncated' };
  const version = header.readUInt32LE(VERSION_AT);
  if (version > SNAPSHOT_VERSION) {
    return {
      wrong: `is of format version ${version}, newer than this hotshard reads (${SNAPSHOT_VERSION})`,
    };
  }
  const found = checksum(header.subarray(0, HEADER_CHECKSUM_AT), 0);
  if (version === 0 || found !== header.readUInt32LE(HEADER_CHECKSUM_AT)) {
    return { wrong: 'is corrupted: its header has a wrong checksum' };
  }
  return { createdAt: header.readDoubleLE(CREATED_AT), checksum: found };
}

export interface Trailer {
  readonly blocks: number;
  readonly entries: number;
  /** Of the whole file. */
  readonly checksum: number;
}

/** @param before checksum of everything before the trailer */
export function encodeTrailer(blocks: number, entries: number, before: number): Buffer {
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(blocks, 4);
  trailer.writeUInt32LE(entries % 2 ** 32, 8);
  trailer.writeUInt32LE(Math.floor(entries / 2 ** 32), 12);
  trailer.writeUInt32LE(trailerChecksum(trailer, before), 16);
  return trailer;
}

/** What a trailer says; undefined when the bytes can't be one. */
export function decodeTrailer(trailer: Buffer): Trailer | undefined {
  if (trailer.length !== TRAILER_BYTES || trailer.readUInt32LE(0) !== 0) return undefined;
  return {
    blocks: trailer.readUInt32LE(4),
    entries: trailer.readUInt32LE(8) + trailer.readUInt32LE(12) * 2 ** 32,
    checksum: trailer.readUInt32LE(16),
  };
}

/** The checksum that a trailer should have. */
export function trailerChecksum(trailer: Buffer, before: number): number {
  return checksum(trailer.subarray(0, TRAILER_BYTES - CHECKSUM_BYTES), before);
}
