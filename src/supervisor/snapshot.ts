/**
 * `--snapshot`: the map is restored from a file before the first worker starts, and written to it after the last one
 * has stopped. Both go in steps, so that signals are heard between them.
 */
import { accessSync, constants, realpathSync, renameSync, statSync } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Restored, SharedCache, SnapshotError } from '../../shards/index.js';
import type { Config } from '../config/config.js';
import { badValue, messageOf } from '../config/errors.js';
import { OPTIONS } from '../config/options.js';
import { mapOptions } from '../worker/shared.js';

/**
 * Sees to it that a snapshot can be written one day: better told now than when the map is about to be lost.
 *
 * @throws {UsageError} when the directory is not there or not writable, or the path is that of something else
 */
export function assertSnapshotPath({ snapshot, load }: Pick<Config, 'snapshot' | 'load'>): void {
  if (snapshot === undefined) return;
  const isData = load !== undefined && resolve(load) === resolve(snapshot);
  const wrong = isData ? `it is the data file of --${OPTIONS.load.flag}` : whatIsWrong(snapshot);
  if (wrong === undefined) return;
  throw badValue(`--${OPTIONS.snapshot.flag}`, snapshot, `${OPTIONS.snapshot.allowed}: ${wrong}`);
}

function whatIsWrong(path: string): string | undefined {
  if (path.endsWith('/') || path.endsWith(sep)) return 'it is the path of a directory';
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isFile() === false) return stats.isDirectory() ? 'it is a directory' : 'it is no regular file';
    if (stats !== undefined) accessSync(path, constants.R_OK);
    // Of a link, the directory of what it leads to.
    const directory = dirname(stats === undefined ? path : realpathSync(path));
    if (!statSync(directory).isDirectory()) return `${JSON.stringify(directory)} is no directory`;
    accessSync(directory, constants.W_OK | constants.X_OK);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

/**
 * Milliseconds that the map keeps an entry for past its time. The file has the true time, since another server, without
 * a store behind it, may be started with it.
 */
function graceOf({ redis, redisCluster, staleTtl }: Config): number {
  return redis === undefined && redisCluster === undefined ? 0 : staleTtl;
}

/**
 * The map that a file holds. An empty one when there is no file yet, and when it is refused: then the log says why,
 * and the file is kept under another name. Undefined when `signal` was aborted meanwhile.
 *
 * @throws {RangeError} when the map can't be made as the configuration says
 */
export async function restoreMap(
  path: string,
  config: Config,
  logger: Logger,
  signal: AbortSignal,
): Promise<SharedCache | undefined> {
  const options = mapOptions(config);
  const grace = graceOf(config);
  const startedAt = performance.now();
  try {
    const restored = await inTurns(SharedCache.restoreSteps(path, options, { grace }), signal);
    if (restored !== undefined) logRestored(path, restored, startedAt, logger);
    return restored?.cache;
  } catch (error) {
    if (!isAboutFile(error)) throw error;
    if (error.code === 'ENOENT') {
      logger.info({ path }, `there is no snapshot ${JSON.stringify(path)} yet: starting empty`);
    } else {
      logger.warn({ path }, `${whyRefused(path, error)}: starting empty, ${keep(path)}`);
    }
    return SharedCache.create(options);
  }
}

/**
 * Writes the map to a file.
 *
 * @returns whether it was written; the log says so, or why not
 */
export async function saveMap(
  path: string,
  map: SharedCache,
  config: Config,
  logger: Logger,
): Promise<boolean> {
  const startedAt = performance.now();
  const steps = map.saveSteps(path, { grace: graceOf(config) });
  logger.info({ path, keys: map.size }, `writing the snapshot ${JSON.stringify(path)}`);
  // A second signal ends the program between two steps.
  const giveUp = () => steps.return(0);
  process.once('exit', giveUp);
  try {
    const entries = await inTurns(steps);
    const seconds = secondsSince(startedAt);
    logger.info(
      { path, entries, seconds },
      `the snapshot ${JSON.stringify(path)} is written: ${entries} entries in ${seconds} s`,
    );
    return true;
  } catch (error) {
    logger.error(
      { path, err: error },
      `the snapshot ${JSON.stringify(path)} could not be written: ${messageOf(error)}`,
    );
    return false;
  } finally {
    process.removeListener('exit', giveUp);
  }
}

function logRestored(path: string, restored: Restored, startedAt: number, logger: Logger): void {
  const { cache, entries, expired, createdAt } = restored;
  const seconds = secondsSince(startedAt);
  const { size } = cache;
  logger.info(
    { path, entries, expired, keys: size, createdAt: new Date(createdAt), seconds },
    `the snapshot ${JSON.stringify(path)} is restored: ${size} keys in ${seconds} s`,
  );
  const leftOut = entries - expired - size;
  if (leftOut > 0) {
    logger.warn({ path, entries, leftOut }, `the snapshot does not fit: ${leftOut} entries were left out`);
  }
}

function whyRefused(path: string, error: Error): string {
  if (error instanceof SnapshotError) return error.message;
  return `the snapshot ${JSON.stringify(path)} can not be read: ${error.message}`;
}

/** Moves a refused file out of the way of the next snapshot. Says what became of it. */
function keep(path: string): string {
  const other = `${path}.refused`;
  try {
    renameSync(path, other);
    return `the file is kept as ${JSON.stringify(other)}`;
  } catch (error) {
    return `the file will be replaced (${messageOf(error)})`;
  }
}

/** Whether an error is about what is in a file, or about reading it, rather than about the options. */
function isAboutFile(error: unknown): error is Error & { readonly code?: unknown } {
  return error instanceof SnapshotError || (error instanceof Error && 'syscall' in error);
}

/** Takes steps, one in each turn of the event loop. Undefined when `signal` was aborted before the last one. */
async function inTurns<Result>(
  steps: Generator<void, Result | undefined, void>,
  signal?: AbortSignal,
): Promise<Result | undefined> {
  try {
    for (;;) {
      if (signal?.aborted) return undefined;
      const { done, value } = steps.next();
      if (done) return value;
      await nextTurn();
    }
  } finally {
    // Closes what it has open, unless it has come to its end.
    steps.return(undefined);
  }
}

function secondsSince(startedAt: number): number {
  return Number(((performance.now() - startedAt) / 1000).toFixed(3));
}
