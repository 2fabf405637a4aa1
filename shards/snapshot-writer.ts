/**
 * Writes a snapshot file: gathers entries to blocks, and puts the finished file in place of the old one in a single
 * step, so that whatever happens before leaves the old one as it was.
 *
 * The file is written under a name of its own beside the target. It is removed when the save fails; a process that is
 * killed in the middle leaves it behind, and the next save removes it.
 */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { WORD_BYTES } from './layout.js';
import { SnapshotError } from './snapshot-error.js';
import {
  BLOCK_HEAD_BYTES,
  CHECKSUM_BYTES,
  checksum,
  encodeHeader,
  encodeTrailer,
} from './snapshot-format.js';

/** Bytes of entries after which a block is written: some 5 ms of work. */
const BLOCK_BYTES = 1024 * 1024;
/**
 * Bytes after which what was written is waited for. Otherwise the last wait would be for all of the file, and nobody
 * could end the program meanwhile.
 */
const SYNC_BYTES = 16 * 1024 * 1024;
const BLOCK_HEAD_WORDS = BLOCK_HEAD_BYTES / WORD_BYTES;

/** Milliseconds without a write after which a temporary file is taken to be left behind. */
const ABANDONED_AFTER = 60_000;

/** Only its owner may read it, whatever the cache holds. */
const FILE_MODE = 0o600;

export class SnapshotWriter {
  /** The block under way; entries go where `reserve` says. Private memory, new after a large entry. */
  words: Int32Array<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;
  /** Words used of the block. */
  #used = BLOCK_HEAD_WORDS;
  #entriesOfBlock = 0;
  #entries = 0;
  #blocks = 0;
  #checksum: number;
  #unsynced = 0;
  readonly #target: string;
  readonly #temporary: string;
  #descriptor: number | undefined;

  /**
   * Begins a file that is to become `path`, which may be a link to it.
   *
   * @throws {SnapshotError} when there is something that is no file
   * @throws the system error when nothing can be written beside it
   */
  constructor(path: string) {
    this.#target = targetOf(path);
    removeAbandoned(this.#target);
    this.#temporary = temporaryName(this.#target);
    this.#descriptor = openSync(this.#temporary, 'wx', FILE_MODE);
    [this.words, this.#bytes] = blockOf(BLOCK_BYTES / WORD_BYTES);
    this.#checksum = 0;
    try {
      const header = encodeHeader(Date.now());
      this.#write(header);
      this.#checksum = header.readUInt32LE(header.length - CHECKSUM_BYTES);
    } catch (error) {
      this.discard();
      throw error;
    }
  }

  /** Entries so far. */
  get entries(): number {
    return this.#entries;
  }

  /** Whether it is time for `writeBlock`. */
  get isFull(): boolean {
    return this.#used >= BLOCK_BYTES / WORD_BYTES;
  }

  /** Room for an entry of so many words in the block: where in `words` it goes. The words may hold anything. */
  reserve(words: number): number {
    const at = this.#used;
    const needed = at + words + CHECKSUM_BYTES / WORD_BYTES;
    if (needed > this.words.length) {
      const bytes = this.#bytes;
      [this.words, this.#bytes] = blockOf(needed);
      this.#bytes.set(bytes.subarray(0, at * WORD_BYTES));
    }
    this.#used += words;
    this.#entriesOfBlock++;
    this.#entries++;
    return at;
  }

  /** Copies bytes to a place in the block. */
  copyTo(at: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, at * WORD_BYTES);
  }

  /** Ends the block, if it has entries. */
  writeBlock(): void {
    if (this.#entriesOfBlock === 0) return;
    const end = this.#used * WORD_BYTES;
    this.words[0] = end - BLOCK_HEAD_BYTES;
    this.words[1] = this.#entriesOfBlock;
    this.#checksum = checksum(this.#bytes.subarray(0, end), this.#checksum);
    this.words[this.#used] = this.#checksum;
    this.#write(this.#bytes.subarray(0, end + CHECKSUM_BYTES));
    this.#blocks++;
    this.#used = BLOCK_HEAD_WORDS;
    this.#entriesOfBlock = 0;
    this.#syncSome(end);
  }

  /** Ends the file, and waits until the system has stored it. */
  finish(): void {
    this.writeBlock();
    this.#write(encodeTrailer(this.#blocks, this.#entries, this.#checksum));
    if (this.#descriptor !== undefined) fsyncSync(this.#descriptor);
  }

  /** Puts the finished file in the old one's place. */
  publish(): void {
    this.#close();
    renameSync(this.#temporary, this.#target);
    syncDirectory(dirname(this.#target));
  }

  /** Gives the file up: nothing of it is left. Does nothing once it is published. */
  discard(): void {
    this.#close();
    rmSync(this.#temporary, { force: true });
  }

  #write(bytes: Uint8Array): void {
    if (this.#descriptor === undefined) return;
    try {
      // A disk that is nearly full may take a part.
      for (let from = 0; from < bytes.length; ) from += writeSync(this.#descriptor, bytes, from);
    } catch (error) {
      throw withPath(error, this.#target);
    }
  }

  #syncSome(written: number): void {
    this.#unsynced += written;
    if (this.#unsynced < SYNC_BYTES || this.#descriptor === undefined) return;
    fdatasyncSync(this.#descriptor);
    this.#unsynced = 0;
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }
}

/** A block of so many words, and the same as bytes. */
function blockOf(words: number): [Int32Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
  // More than a block: entries are added as long as it is not full.
  const block = new Int32Array(words + words / 8);
  return [block, new Uint8Array(block.buffer)];
}

/** The file that a path leads to: a link stays a link. */
function targetOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return path;
  // A device or a pipe would be replaced by a file.
  if (!stats.isFile()) throw new SnapshotError(path, 'can not be saved: there is something that is no file');
  return realpathSync(path);
}

const RANDOM_BYTES = 8;

function temporaryName(target: string): string {
  return `${target}.${randomBytes(RANDOM_BYTES).toString('hex')}.tmp`;
}

/** Removes what killed processes have left behind, as far as that is possible. A live one writes all the time. */
function removeAbandoned(target: string): void {
  const directory = dirname(target);
  const prefix = `${basename(target)}.`;
  const rest = new RegExp(`^[0-9a-f]{${2 * RANDOM_BYTES}}\\.tmp$`);
  for (const name of namesIn(directory)) {
    if (!name.startsWith(prefix) || !rest.test(name.slice(prefix.length))) continue;
    const path = join(directory, name);
    try {
      if (Date.now() - statSync(path).mtimeMs > ABANDONED_AFTER) rmSync(path, { force: true });
    } catch {
      // Of another user, or gone: no reason not to save.
    }
  }
}

/** What is in a directory, as far as it may be listed. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

/** Only when the directory is stored too, the new name lasts. */
function syncDirectory(directory: string): void {
  try {
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    // Not every system and file system can, and not every directory that may be written to may be opened.
    if ((error as NodeJS.ErrnoException).code === 'EIO') throw error;
  }
}

/** An error of a write does not say of what file. */
function withPath(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || 'path' in error) return error;
  const code = 'code' in error ? { code: error.code } : {};
  return Object.assign(new Error(`${error.message} '${path}'`, { cause: error }), { ...code, path });
}
