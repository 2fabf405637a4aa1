/**
 * Reads a snapshot file, block by block. A block's checksum is compared before any entry of it is handed out, the
 * trailer's at the end: until then nobody may rely on what was read, and who has put it into a cache drops that.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { NEVER } from './entry.js';
import { FLAG_BASELINE, MAX_KEY_BYTES, WORD_BYTES } from './layout.js';
import { SnapshotError } from './snapshot-error.js';
import {
  BLOCK_HEAD_BYTES,
  CHECKSUM_BYTES,
  checksum,
  decodeHeader,
  decodeTrailer,
  ENTRY_BASELINE,
  ENTRY_EXPIRES,
  ENTRY_HEAD_WORDS,
  EXPIRY_WORDS,
  HEADER_BYTES,
  TRAILER_BYTES,
  type Trailer,
  trailerChecksum,
  wordsFor,
} from './snapshot-format.js';

const ENTRY_HEAD_BYTES = ENTRY_HEAD_WORDS * WORD_BYTES;
const EXPIRY_BYTES = EXPIRY_WORDS * WORD_BYTES;

/** Takes an entry as it lies in the buffer it was read into. False when it can never fit. */
export type PutEntry = (
  bytes: Uint8Array,
  keyStart: number,
  keyEnd: number,
  valueStart: number,
  valueEnd: number,
  /** Milliseconds since the epoch, or NEVER. */
  expiry: number,
  /** FLAG_BASELINE or 0. */
  flags: number,
) => boolean;

/** What became of the entries of a file. */
export interface RestoreCounts {
  /** When the file was saved, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** In the file. */
  readonly entries: number;
  /** Left out: their time to live was over. */
  readonly expired: number;
  /** Left out: more than the cache may hold keys, or too large for it. What it evicted later is not among them. */
  readonly unfit: number;
}

/**
 * Hands out the entries of a file that have not expired, in the order of their last use, in steps of some
 * milliseconds. To end it early closes the file.
 *
 * @param most entries to hand out: of more, the last ones
 * @throws {SnapshotError} when it is no whole snapshot of a version that can be read
 * @throws the system error when it can't be read
 */
export function* readSnapshot(
  path: string,
  most: number,
  put: PutEntry,
): Generator<void, RestoreCounts, void> {
  const reader = new SnapshotReader(path, most, put);
  try {
    while (reader.readBlock()) yield;
    return reader.counts;
  } finally {
    reader.close();
  }
}

class SnapshotReader {
  readonly #path: string;
  readonly #put: PutEntry;
  readonly #descriptor: number;
  readonly #size: number;
  readonly #createdAt: number;
  readonly #trailer: Trailer;
  #position = HEADER_BYTES;
  #checksum: number;
  #blocks = 0;
  #entries = 0;
  #expired = 0;
  #unfit = 0;
  /** Entries that are left out from the beginning. */
  readonly #surplus: number;
  #block = Buffer.alloc(0);

  constructor(path: string, most: number, put: PutEntry) {
    // To open a pipe would wait for a writer. What is not there at all is for `openSync` to say.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) {
      throw new SnapshotError(path, 'is no file');
    }
    this.#path = path;
    this.#put = put;
    this.#descriptor = openSync(path, 'r');
    try {
      this.#size = fstatSync(this.#descriptor).size;
      const header = decodeHeader(this.#read(0, Math.min(HEADER_BYTES, this.#size)));
      if ('wrong' in header) throw this.#refusal(header.wrong);
      this.#createdAt = header.createdAt;
      this.#checksum = header.checksum;
      // Looked at now, checked when all the rest is known to be right.
      const end = Math.max(HEADER_BYTES, this.#size - TRAILER_BYTES);
      const trailer = decodeTrailer(this.#read(end, this.#size - end));
      if (trailer === undefined)
        throw this.#refusal('is truncated or corrupted: it does not end as it should');
      this.#trailer = trailer;
      this.#surplus = Math.max(0, trailer.entries - most);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get counts(): RestoreCounts {
    return {
      createdAt: this.#createdAt,
      entries: this.#entries,
      expired: this.#expired,
      unfit: this.#unfit,
    };
  }

  /** Hands out the entries of the next block. False when there was none: then the file is whole. */
  readBlock(): boolean {
    const room = this.#size - this.#position;
    if (room < TRAILER_BYTES) throw this.#truncated();
    const head = this.#read(this.#position, BLOCK_HEAD_BYTES);
    const bytes = head.readUInt32LE(0);
    const entries = head.readUInt32LE(WORD_BYTES);
    if (bytes === 0) {
      this.#checkEnd();
      return false;
    }
    const end = BLOCK_HEAD_BYTES + bytes;
    if (bytes % WORD_BYTES !== 0 || end + CHECKSUM_BYTES + TRAILER_BYTES > room) throw this.#truncated();
    if (this.#block.length < end + CHECKSUM_BYTES) this.#block = Buffer.allocUnsafeSlow(end + CHECKSUM_BYTES);
    const block = this.#fill(this.#block, this.#position, end + CHECKSUM_BYTES);
    this.#checksum = checksum(block.subarray(0, end), this.#checksum);
    if (block.readUInt32LE(end) !== this.#checksum) throw this.#corrupted();
    this.#position += end + CHECKSUM_BYTES;
    this.#blocks++;
    this.#putEntries(block, end, entries);
    return true;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #putEntries(block: Buffer, end: number, entries: number): void {
    const words = new Uint32Array(block.buffer, block.byteOffset, end / WORD_BYTES);
    let at = BLOCK_HEAD_BYTES;
    for (let i = 0; i < entries; i++) {
      if (at + ENTRY_HEAD_BYTES > end) throw this.#corrupted();
      const valueLength = words[at / WORD_BYTES] as number;
      const kind = words[at / WORD_BYTES + 1] as number;
      const keyLength = kind & 0xffff;
      const flags = kind >>> 16;
      at += ENTRY_HEAD_BYTES;
      let expiry = NEVER;
      if (flags & ENTRY_EXPIRES) {
        expiry = (words[at / WORD_BYTES] as number) + (words[at / WORD_BYTES + 1] as number) * 2 ** 32;
        at += EXPIRY_BYTES;
      }
      const valueStart = at + wordsFor(keyLength) * WORD_BYTES;
      const next = valueStart + wordsFor(valueLength) * WORD_BYTES;
      // With a right checksum, so somebody has written it so.
      if (keyLength === 0 || keyLength > MAX_KEY_BYTES || next > end) throw this.#corrupted();
      if (flags & ENTRY_EXPIRES && expiry <= Date.now()) {
        this.#expired++;
      } else if (
        this.#entries + i < this.#surplus ||
        !this.#put(
          block,
          at,
          at + keyLength,
          valueStart,
          valueStart + valueLength,
          expiry,
          flags & ENTRY_BASELINE ? FLAG_BASELINE : 0,
        )
      ) {
        this.#unfit++;
      }
      at = next;
    }
    if (at !== end) throw this.#corrupted();
    this.#entries += entries;
  }

  #checkEnd(): void {
    const trailer = this.#read(this.#position, TRAILER_BYTES);
    if (this.#position + TRAILER_BYTES !== this.#size) throw this.#corrupted();
    const { blocks, entries, checksum: found } = this.#trailer;
    if (found !== trailerChecksum(trailer, this.#checksum)) throw this.#corrupted();
    if (blocks !== this.#blocks || entries !== this.#entries) throw this.#corrupted();
  }

  #read(position: number, length: number): Buffer {
    return this.#fill(Buffer.allocUnsafe(length), position, length);
  }

  #fill(buffer: Buffer, position: number, length: number): Buffer {
    for (let done = 0; done < length; ) {
      const read = readSync(this.#descriptor, buffer, done, length - done, position + done);
      if (read === 0) throw this.#truncated();
      done += read;
    }
    return buffer.subarray(0, length);
  }

  #truncated(): SnapshotError {
    return this.#refusal('is truncated or corrupted');
  }

  #corrupted(): SnapshotError {
    return this.#refusal('is corrupted: a checksum is wrong');
  }

  #refusal(wrong: string): SnapshotError {
    return new SnapshotError(this.#path, wrong);
  }
}
