/**
 * `--load`: puts the entries of a data file into the map, in the background, and says in the log what became of
 * them. What the file looks like is in line-parser.ts. Of a regular file that may not fit, an index is made at the same
 * time, by which file-store.ts finds what is not in the map.
 */
import { readSync } from 'node:fs';
import type { Logger } from 'pino';
import { MAX_KEY_BYTES, type SharedCache } from '../../shards/index.js';
import { countLines } from './count-lines.js';
import { chunksOf, type DataSource, openDataSource, type PositionedFile } from './data-source.js';
import { FileIndex, MAX_INDEXED_BYTES } from './file-index.js';
import type { FileStoreHandle } from './file-store.js';
import { LineParser, MALFORMED_REASONS } from './line-parser.js';
import { showProgress } from './load-progress.js';

/** Bytes of an entry in the map beside its key and value, no less: header, share of the index, filling up to words. */
const ENTRY_OVERHEAD = 32;
/** A file is sure to fit when there is so many times as much memory as it takes. */
const MEMORY_RESERVE = 2;
/** Mean bytes of a line from which on values count as large. */
const LARGE_LINE = 4096;

/** What a data file is loaded into. */
export interface FileLoadContext {
  readonly map: SharedCache;
  readonly logger: Logger;
  /** Ends the load early and quietly. */
  readonly signal: AbortSignal;
}

/** The data file can't be read. The message is one readable line that names flag and path. */
export class DataFileError extends Error {
  override readonly name = 'DataFileError';
}

/** A data file that has been opened. */
export interface DataFile {
  /** What a `FileStore` finds the values by that the map does not hold; undefined for what is no regular file. */
  readonly store: FileStoreHandle | undefined;
  /**
   * Loads it; may be called once. Entries have the map's default time to live. What was written to the map by
   * others is left as it is. Yields to the event loop every few milliseconds.
   *
   * @throws the system error when reading fails
   */
  load(context: FileLoadContext): Promise<void>;
}

/**
 * Opens a data file, so that it is known to be readable before anybody relies on it. It waits for nothing: a named
 * pipe need not have a writer yet.
 *
 * @throws {DataFileError} when it can't be read
 */
export function openDataFile(path: string): DataFile {
  let source: DataSource;
  try {
    source = openDataSource(path);
  } catch (error) {
    const message = `cannot read the data file ${JSON.stringify(path)} (--load): ${reasonOf(error)}`;
    throw new DataFileError(message, { cause: error });
  }
  const { positioned: file } = source;
  const index =
    file === undefined || file.size > MAX_INDEXED_BYTES ? undefined : FileIndex.reserve(file.size);
  return {
    store: file === undefined || index === undefined ? undefined : { file, index: index.handle },
    load: (context) => load(path, source, index, context),
  };
}

async function load(
  path: string,
  source: DataSource,
  index: FileIndex | undefined,
  context: FileLoadContext,
): Promise<void> {
  const { map, logger, signal } = context;
  const { size, positioned } = source;
  const startedAt = performance.now();
  const evictedBefore = map.stats().evictions;
  let bytes = 0;
  const stopProgress = showProgress({ logger, size, count: () => ({ bytes, lines: parser.lines }) });
  let refused = 0;
  let unindexed = 0;
  let skipped = 0;
  /** An index finds the rest: to push out one line for another would only take time. */
  let isFull = false;
  let add: AddToIndex | undefined;
  const parser = new LineParser(
    { maxKeySize: MAX_KEY_BYTES, maxValueSize: map.handle.options.maxValueSize },
    (buffer, keyStart, keyEnd, valueStart, valueEnd, offset) => {
      // First: what the map then evicts can be found.
      if (add?.(buffer, keyStart, keyEnd, offset) === false) unindexed++;
      // What is there already may be an earlier line's.
      if (isFull && !map.has(buffer.subarray(keyStart, keyEnd))) skipped++;
      else if (!map.setBaseline(buffer, keyStart, keyEnd, valueStart, valueEnd)) refused++;
    },
  );

  logger.info({ path, size }, `loading the data file ${JSON.stringify(path)}`);
  try {
    if (positioned !== undefined && index !== undefined) {
      const lines = await countLines(positioned, signal);
      if (signal.aborted || certainlyFits(positioned.size, lines, map)) {
        index.declareUnneeded();
      } else {
        index.makeTable(lines);
        add = addingTo(index, positioned);
      }
    }
    const chunks =
      add === undefined || positioned === undefined ? source.chunks(signal) : chunksOf(positioned, signal);
    for await (const chunk of chunks) {
      bytes += chunk.length;
      parser.push(chunk);
      isFull = add !== undefined && map.stats().evictions > evictedBefore;
    }
  } finally {
    stopProgress();
  }
  if (signal.aborted) {
    logger.debug({ lines: parser.lines }, 'the load was given up');
    return;
  }
  parser.end();

  if (size !== undefined && bytes < size) {
    logger.warn(
      { size, bytes },
      `the data file was cut off while it was read: ${bytes} of ${size} bytes came`,
    );
  }
  warnOfMalformed(parser, logger);
  const { keys, evictions } = map.stats();
  // The evictions of all threads: an exact figure would need a count per entry, and it is about room anyway.
  const leftOut = refused + skipped + evictions - evictedBefore;
  if (add === undefined) warnOfLeftOut({ lines: parser.lines, keys, leftOut }, logger);
  else sayWhereKeysAre({ keys, leftOut, unindexed, indexBytes: index?.bytes }, logger);
  logLoaded(parser, { bytes, keys, seconds: (performance.now() - startedAt) / 1000 }, logger);
}

type AddToIndex = (bytes: Buffer, keyStart: number, keyEnd: number, offset: number) => boolean;

/** Puts keys into an index. Whether an earlier line had the same key is looked up where it is: nearly always close by. */
function addingTo(index: FileIndex, file: PositionedFile): AddToIndex {
  const earlierKey = Buffer.allocUnsafeSlow(MAX_KEY_BYTES + 1);
  return (bytes, keyStart, keyEnd, offset) =>
    index.insert(bytes, keyStart, keyEnd, offset, (earlier) => {
      // The space belongs to it: another key may begin with this one.
      const length = keyEnd + 1 - keyStart;
      const at = keyStart - (offset - earlier);
      if (at >= 0) return bytes.compare(bytes, keyStart, keyEnd + 1, at, at + length) === 0;
      const bytesRead = readSync(file.descriptor, earlierKey, 0, length, earlier);
      return bytes.compare(earlierKey, 0, bytesRead, keyStart, keyEnd + 1) === 0;
    });
}

/** Whether nothing of a file will have to be read again. */
function certainlyFits(fileSize: number, lines: number, map: SharedCache): boolean {
  const { maxMemory, maxKeys, ttl } = map.handle.options;
  // What expires is read again.
  if (ttl > 0) return false;
  const { keys, bytesUsed } = map.stats();
  if (maxKeys > 0 && keys + lines > maxKeys) return false;
  // Large values fill shards unevenly, and an index of few lines costs next to nothing.
  if (fileSize > lines * LARGE_LINE) return false;
  return (bytesUsed + fileSize + (keys + lines) * ENTRY_OVERHEAD) * MEMORY_RESERVE <= maxMemory;
}

/** By count and line number; never by content, which is nobody's business in a log. */
function warnOfMalformed(parser: LineParser, logger: Logger): void {
  const total = malformedLines(parser);
  if (total === 0) return;
  const reasons = MALFORMED_REASONS.flatMap((reason) => {
    const count = parser.malformed.get(reason);
    return count === undefined ? [] : [`${count} ${reason}`];
  });
  const first = parser.firstMalformed;
  const lines = first.map(({ line, reason }) => `line ${line} (${reason})`);
  logger.warn(
    { malformed: Object.fromEntries(parser.malformed), first },
    `${counted(total, 'malformed line')} of the data file skipped (${reasons.join(', ')}), the first: ${lines.join(', ')}`,
  );
}

function warnOfLeftOut(
  { lines, keys, leftOut }: { readonly lines: number; readonly keys: number; readonly leftOut: number },
  logger: Logger,
): void {
  if (leftOut === 0) return;
  logger.warn(
    { lines, kept: keys, leftOut },
    `the data file does not fit: ${counted(lines, 'line')} read, ${keys} kept, ${leftOut} left out (--max-memory, --max-keys)`,
  );
}

function sayWhereKeysAre(
  {
    keys,
    leftOut,
    unindexed,
    indexBytes,
  }: {
    readonly keys: number;
    readonly leftOut: number;
    readonly unindexed: number;
    readonly indexBytes: number | undefined;
  },
  logger: Logger,
): void {
  if (unindexed > 0) {
    logger.warn(
      { unindexed },
      `the data file was changed while it was loaded: ${counted(unindexed, 'line')} may not be found later`,
    );
  }
  const others = leftOut === 0 ? 'what is evicted or expires' : 'the rest';
  logger.info(
    { keys, indexBytes },
    `${counted(keys, 'key')} of the data file in memory, ${others} is read from the file when it is asked for`,
  );
}

function logLoaded(
  parser: LineParser,
  { bytes, keys, seconds }: { readonly bytes: number; readonly keys: number; readonly seconds: number },
  logger: Logger,
): void {
  const { lines } = parser;
  logger.info(
    {
      lines,
      keys,
      malformed: malformedLines(parser),
      bytes,
      seconds: Number(seconds.toFixed(3)),
      linesPerSecond: Math.round(lines / seconds),
    },
    `the data file is loaded: ${counted(lines, 'line')}, ${counted(keys, 'key')} in ${seconds.toFixed(2)} s`,
  );
}

function malformedLines(parser: LineParser): number {
  let total = 0;
  for (const count of parser.malformed.values()) total += count;
  return total;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Why a file can't be opened, in words. */
function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'there is no such file';
    case 'EACCES':
    case 'EPERM':
      return 'no permission';
    case 'EISDIR':
      return 'it is a directory';
    default:
      return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  }
}
