/**
 * Where the bytes of a data file come from: files and devices are read into one buffer, again and again; pipes and
 * terminals come as events, because a read that waits for somebody to write would hold a thread of Node's pool, and
 * with it the end of the process.
 */
import { close, constants, fstatSync, openSync, read } from 'node:fs';
import { Socket } from 'node:net';
import { isatty, ReadStream } from 'node:tty';
import { promisify } from 'node:util';

const readInto = promisify(read);

/**
 * Bytes read at a time. Between two reads the event loop serves others, so this is also what a request may have to
 * wait for on the main thread: about 2 ms of parsing.
 */
const CHUNK_BYTES = 256 * 1024;

export interface DataSource {
  /** Bytes, as far as that is known beforehand. */
  readonly size: number | undefined;
  /** Set when any part may be read at any time, as often as wanted: a regular file with content. */
  readonly positioned: PositionedFile | undefined;
  /**
   * The bytes, once. Each chunk is valid until the next one is asked for. Ends early when `signal` is aborted. The
   * descriptor is closed at the end.
   *
   * @throws the system error when reading fails
   */
  chunks(signal: AbortSignal): AsyncGenerator<Buffer, void>;
}

/**
 * A regular file as it was when it was opened. The descriptor stays open as long as the process lives: a number that
 * all threads read by may not become that of another file, and a file that is replaced is still served.
 */
export interface PositionedFile {
  readonly descriptor: number;
  /** Bytes that are served. What is appended later is not. */
  readonly size: number;
}

/**
 * Opens a data file, without waiting for anything.
 *
 * @throws the system error when it can't be read
 */
export function openDataSource(path: string): DataSource {
  // Without O_NONBLOCK a named pipe that nobody writes to would be waited for here.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = fstatSync(descriptor);
  if (stats.isDirectory()) {
    close(descriptor);
    throw Object.assign(new Error(`EISDIR: is a directory, open '${path}'`), { code: 'EISDIR', path });
  }
  // Files made up by the system (/proc) say 0 and have content.
  const size = stats.isFile() && stats.size > 0 ? stats.size : undefined;
  const waits = stats.isFIFO() || isatty(descriptor);
  return {
    size,
    positioned: size === undefined ? undefined : { descriptor, size },
    chunks: (signal) => (waits ? received(descriptor, signal) : readChunks(descriptor, signal)),
  };
}

async function* readChunks(descriptor: number, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  try {
    while (!signal.aborted) {
      const { bytesRead } = await readInto(descriptor, buffer, 0, CHUNK_BYTES, null);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    close(descriptor);
  }
}

/**
 * All bytes of a file from its beginning, as `DataSource.chunks` has them; may be called again.
 *
 * @param chunkBytes bytes read at a time
 */
export async function* chunksOf(
  { descriptor, size }: PositionedFile,
  signal: AbortSignal,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Buffer, void> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  for (let position = 0; position < size && !signal.aborted; ) {
    const { bytesRead } = await readInto(
      descriptor,
      buffer,
      0,
      Math.min(chunkBytes, size - position),
      position,
    );
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function* received(descriptor: number, signal: AbortSignal): AsyncGenerator<Buffer, void> {
  const stream = isatty(descriptor)
    ? new ReadStream(descriptor)
    : new Socket({ fd: descriptor, readable: true, writable: false });
  const stop = (): void => {
    stream.destroy();
  };
  signal.addEventListener('abort', stop);
  try {
    if (!signal.aborted) yield* stream;
  } catch (error) {
    // A stream that is stopped before its end says so by an error.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stop();
  }
}
