/** Starting the server, and all of that but the server: what must be right about configuration and files. */
import { textTable } from '../src/bench/text-table.js';
import type { Config } from '../src/config/config.js';
import { UsageError } from '../src/config/errors.js';
import { type Flags, loadConfig } from '../src/config/load.js';
import { readIdentity } from '../src/supervisor/certificate.js';
import { assertSnapshotPath } from '../src/supervisor/snapshot.js';
import { type ServeOptions, serve } from '../src/supervisor/supervisor.js';
import { createLogger, standardOutput } from '../src/telemetry/log.js';
import { CommandFailure, print, type Surroundings } from './output.js';

/** Starts the server. Resolves when it serves; from then on it ends the process by itself. */
export async function serveCommand(flags: Flags, environment: NodeJS.ProcessEnv): Promise<void> {
  const { config, warnings } = loadConfig(flags, environment);
  const logger = createLogger(config.logLevel, await standardOutput());
  for (const warning of warnings) logger.warn(warning);
  try {
    await serve(config, logger, await openFiles(config));
  } catch (error) {
    logger.debug({ err: error }, 'the server did not start');
    if (error instanceof CommandFailure || error instanceof UsageError) throw error;
    throw new CommandFailure(startFailure(error, config), { cause: error });
  }
}

/** Prints the configuration that a server would have, and fails as it would. */
export async function checkCommand(flags: Flags, { env, stdout, stderr }: Surroundings): Promise<void> {
  const { config, warnings, settings } = loadConfig(flags, env);
  await print(
    stdout,
    textTable(
      settings.map(({ flag, value, source }) => [flag, value, source]),
      3,
    ),
  );
  for (const warning of warnings) stderr.write(`hotshard: warning: ${warning}\n`);
  await openFiles(config);
}

/**
 * Opens the files that the configuration names.
 *
 * @throws {UsageError} when certificate, key or the place of the snapshot can't be used
 * @throws {CommandFailure} when the data file can't be read
 */
async function openFiles(config: Config): Promise<ServeOptions> {
  assertSnapshotPath(config);
  const identity = readIdentity(config);
  return { ...(config.load === undefined ? {} : await dataFile(config.load)), identity };
}

/** @throws {CommandFailure} when it can't be read */
async function dataFile(path: string): Promise<ServeOptions> {
  // Loaded only now: a server without a data file starts faster.
  const { DataFileError, openDataFile } = await import('../src/store/file.js');
  try {
    const { store, load } = openDataFile(path);
    return { startLoad: (context) => load(context), ...(store === undefined ? {} : { file: store }) };
  } catch (error) {
    if (error instanceof DataFileError) throw new CommandFailure(error.message, { cause: error });
    throw error;
  }
}

/** What the user can do about a server that did not start, as one line. */
function startFailure(error: unknown, { host, port, respPort }: Config): string {
  const message = (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ');
  const address = host === '' ? 'all addresses' : host;
  const isResp = respPort !== port && error instanceof Error && 'port' in error && error.port === respPort;
  const place = `port ${isResp ? `${respPort} (--resp-port)` : `${port} (--port)`} of ${address} (--host)`;
  // an error with a path is about a file
  const code = error instanceof Error && 'code' in error && !('path' in error) ? error.code : undefined;
  switch (code) {
    case 'EADDRINUSE':
      return `${place} is in use: must be a free port, 0 = any free one`;
    case 'EACCES':
      return `no permission to listen on ${place}: ports below 1024 may be reserved`;
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
      return `cannot listen on ${place}: must be an address of this machine (${message})`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `cannot listen on ${place}: the host name has no address (${message})`;
    default:
      return `the server did not start: ${message}`;
  }
}
