/**
 * Reads single lines of a data file by their places, for a thread that serves. Never returns what it is not sure of: a
 * file that was truncated or overwritten while it is served is out of reach, not wrong.
 *
 * So that many misses at once neither fill the thread pool that the process has in common nor memory, few reads of one
 * thread are under way at any time. The others wait in line; there are no more of them than requests in flight.
 */
import { read } from 'node:fs';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { MAX_KEY_BYTES } from '../../shards/index.js';
import { StoreUnavailableError } from './backing-store.js';
import type { PositionedFile } from './data-source.js';
import { BYTE_ORDER_MARK, LF, longestLine, SPACE, withoutCarriageReturn } from './line-parser.js';

const readInto = promisify(read);

/** Reads of one thread under way. The pool of the process has 4 threads. */
const MAX_READS = 4;
/** Bytes of the first read: most lines are shorter. */
const FIRST_READ = 4096;
/** Each further read of the same line is so many times longer. */
const READ_GROWTH = 8;

/** Milliseconds between two log lines about a file that can't be read. */
const LOG_INTERVAL = 5000;
/** Seconds after which it is worth trying again. */
const RETRY_AFTER = 10;

/** A line, private to the caller. */
export interface Line {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export class LineReader {
  readonly #file: PositionedFile;
  readonly #logger: Logger;
  /** Bytes of a line and its LF, and of the one before. */
  readonly #mostBytes: number;
  readonly #buffers: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  #reads = 0;
  #loggedAt = Number.NEGATIVE_INFINITY;

  /** @param maxValueSize bytes: the limit that the file was loaded with */
  constructor(file: PositionedFile, maxValueSize: number, logger: Logger) {
    this.#file = file;
    this.#logger = logger;
    this.#mostBytes = 1 + longestLine({ maxKeySize: MAX_KEY_BYTES, maxValueSize }) + 1;
  }

  /**
   * The line whose key begins at `offset`.
   *
   * @throws {StoreUnavailableError} when there is none any more, or it can't be read
   */
  lineAt(offset: number): Promise<Line> {
    return this.#inTurn((buffer) => this.#line(offset, buffer));
  }

  /**
   * Its key alone.
   *
   * @throws {StoreUnavailableError} as `lineAt`
   */
  keyAt(offset: number): Promise<Uint8Array> {
    return this.#inTurn(async (buffer) => {
      const { bytes, start } = await this.#read(offset, buffer, FIRST_READ);
      return new Uint8Array(bytes.subarray(start, this.#keyEnd(bytes, start)));
    });
  }

  /** Says in the log, now and then, that the file is not what was loaded, and makes the error for who asked. */
  changed(): StoreUnavailableError {
    return this.#unavailable('the data file was changed or truncated while it is served');
  }

  async #line(offset: number, buffer: Buffer): Promise<Line> {
    for (let length = FIRST_READ; ; length *= READ_GROWTH) {
      const { bytes, start, isLast, isCut } = await this.#read(
        offset,
        buffer,
        Math.min(length, this.#mostBytes),
      );
      const keyEnd = this.#keyEnd(bytes, start);
      const lineFeed = bytes.indexOf(LF, keyEnd);
      if (lineFeed !== -1 || isLast) {
        const valueStart = keyEnd + 1;
        const end = withoutCarriageReturn(bytes, valueStart, lineFeed === -1 ? bytes.length : lineFeed);
        return {
          key: new Uint8Array(bytes.subarray(start, keyEnd)),
          value: new Uint8Array(bytes.subarray(valueStart, end)),
        };
      }
      if (isCut || length >= this.#mostBytes) throw this.changed();
    }
  }

  /** The bytes from right before `offset` on, at most `length`; valid until `buffer` is used again. */
  async #read(offset: number, buffer: Buffer, length: number): Promise<BytesRead> {
    const { descriptor, size } = this.#file;
    // The byte before tells whether a line begins here.
    const position = Math.max(0, offset - 1);
    const wanted = Math.min(length, size - position);
    const target = wanted <= buffer.length ? buffer : Buffer.allocUnsafeSlow(wanted);
    let filled = 0;
    while (filled < wanted) {
      const bytesRead = await this.#readOnce(descriptor, target, filled, wanted - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    const start = offset - position;
    if (filled <= start || (start > 0 && !beginsLine(offset, target[0]))) throw this.changed();
    return {
      bytes: target.subarray(0, filled),
      start,
      isLast: position + filled === size,
      isCut: filled < wanted,
    };
  }

  async #readOnce(...[descriptor, target, at, length, position]: ReadArguments): Promise<number> {
    try {
      return (await readInto(descriptor, target, at, length, position)).bytesRead;
    } catch (error) {
      throw this.#unavailable('the data file can not be read', error);
    }
  }

  #keyEnd(bytes: Buffer, start: number): number {
    const space = bytes.indexOf(SPACE, start);
    if (space <= start || space - start > MAX_KEY_BYTES || bytes.subarray(start, space).includes(LF)) {
      throw this.changed();
    }
    return space;
  }

  #unavailable(message: string, cause?: unknown): StoreUnavailableError {
    const now = performance.now();
    if (now - this.#loggedAt >= LOG_INTERVAL) {
      this.#loggedAt = now;
      this.#logger.error(
        { err: cause },
        `${message}: keys that are not in memory are answered with an error`,
      );
    }
    return new StoreUnavailableError(message, RETRY_AFTER, { cause });
  }

  /** Runs a read with a buffer of its own, once it is its turn. */
  async #inTurn<Result>(action: (buffer: Buffer) => Promise<Result>): Promise<Result> {
    if (this.#reads >= MAX_READS) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reads++;
    const buffer = this.#buffers.pop() ?? Buffer.allocUnsafeSlow(FIRST_READ);
    try {
      return await action(buffer);
    } finally {
      this.#buffers.push(buffer);
      // Whoever is next takes the place over: nobody can come in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#reads--;
      else next();
    }
  }
}

interface BytesRead {
  readonly bytes: Buffer;
  /** The place in `bytes` that was asked for. */
  readonly start: number;
  /** They go to the end of what is served. */
  readonly isLast: boolean;
  /** The file has become shorter than that: what is there may be the beginning of a line only. */
  readonly isCut: boolean;
}

type ReadArguments = [descriptor: number, target: Buffer, at: number, length: number, position: number];

/** Whether a line may begin at `offset`, behind the byte `before`. */
function beginsLine(offset: number, before: number | undefined): boolean {
  return before === LF || (offset === BYTE_ORDER_MARK.length && before === BYTE_ORDER_MARK[2]);
}
