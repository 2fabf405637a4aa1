/**
 * The settings that `CONFIG GET` tells of: those of Redis's that clients and tools ask for, with what is true here. Passwords
 * are not among them.
 */
import type { Config, LogLevel } from '../config/config.js';
import { OPEN_FILES } from './open-files.js';

/** What the Redis protocol's connections are bounded by, in bytes. */
export interface ConnectionLimits {
  /** Longest word of a command. */
  readonly bulkLength: number;
  /** A command that is not complete yet. */
  readonly queryBuffer: number;
  /** Replies that a client has not read. */
  readonly outputBuffer: number;
}

export interface SettingSources {
  readonly config: Config;
  readonly limits: ConnectionLimits;
  /** Port of the Redis protocol. */
  readonly port: number;
}

const LOG_LEVELS: Readonly<Record<LogLevel, string>> = {
  silent: 'nothing',
  fatal: 'warning',
  error: 'warning',
  warn: 'warning',
  info: 'notice',
  debug: 'verbose',
  trace: 'debug',
};

/** By their names in lower case. */
export function settings({ config, limits, port }: SettingSources): ReadonlyMap<string, string> {
  const isTls = config.tlsCert !== undefined;
  const values: readonly (readonly [name: string, value: string | number])[] = [
    ['activedefrag', 'no'],
    ['appendfsync', 'no'],
    ['appendonly', 'no'],
    ['bind', config.host === '' ? '* -::*' : config.host],
    ['client-output-buffer-limit', `normal ${limits.outputBuffer} 0 0`],
    ['client-query-buffer-limit', limits.queryBuffer],
    ['cluster-enabled', 'no'],
    ['daemonize', 'no'],
    ['databases', 1],
    ['dbfilename', config.snapshot ?? ''],
    ['io-threads', Math.max(1, config.workers)],
    ['latency-tracking', 'no'],
    ['loglevel', LOG_LEVELS[config.logLevel]],
    ['maxclients', OPEN_FILES],
    ['maxmemory', config.maxMemory],
    ['maxmemory-clients', 0],
    ['maxmemory-policy', 'allkeys-lru'],
    ['notify-keyspace-events', ''],
    ['port', isTls ? 0 : port],
    ['proto-max-bulk-len', limits.bulkLength],
    ['protected-mode', 'no'],
    ['save', ''],
    ['slowlog-log-slower-than', -1],
    ['slowlog-max-len', 0],
    ['timeout', 0],
    ['tls-port', isTls ? port : 0],
    ['unixsocket', ''],
  ];
  return new Map(values.map(([name, value]) => [name, String(value)]));
}
