/**
 * `--load`: puts the entries of a data file into the map, in the background, and says in the log what became of
 * them. What the file looks like is in line-parser.ts. Who asks for a key meanwhile waits in tiered.ts.
 */
import type { Logger } from 'pino';
import { MAX_KEY_BYTES, type SharedCache } from '../../shards/index.js';
import { type DataSource, openDataSource } from './data-source.js';
import { LineParser, MALFORMED_REASONS } from './line-parser.js';
import { showProgress } from './load-progress.js';

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
  return { load: (context) => load(path, source, context) };
}

async function load(path: string, source: DataSource, context: FileLoadContext): Promise<void> {
  const { map, logger, signal } = context;
  const { size } = source;
  const startedAt = performance.now();
  const evictedBefore = map.stats().evictions;
  let bytes = 0;
  let refused = 0;
  const parser = new LineParser(
    { maxKeySize: MAX_KEY_BYTES, maxValueSize: map.handle.options.maxValueSize },
    (buffer, keyStart, keyEnd, valueStart, valueEnd) => {
      if (!map.setBaseline(buffer, keyStart, keyEnd, valueStart, valueEnd)) refused++;
    },
  );

  logger.info({ path, size }, `loading the data file ${JSON.stringify(path)}`);
  const stopProgress = showProgress({ logger, size, count: () => ({ bytes, lines: parser.lines }) });
  try {
    for await (const chunk of source.chunks(signal)) {
      bytes += chunk.length;
      parser.push(chunk);
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
  warnOfLeftOut({ lines: parser.lines, keys, leftOut: refused + evictions - evictedBefore }, logger);
  logLoaded(parser, { bytes, keys, seconds: (performance.now() - startedAt) / 1000 }, logger);
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
