/** The Redis commands as one worker runs them, whatever protocol they come by. */
import type { Logger } from 'pino';
import { type Commands, createCommands } from '../commands/create.js';
import type { Config } from '../config/config.js';
import type { Tokens } from '../limits/tokens.js';
import type { Tier } from '../store/tier.js';
import type { Turn } from '../store/turnstile.js';
import { MOST_PENDING, MOST_UNTAKEN } from '../wire/resp/connection.js';
import { LONGEST_WORD } from '../wire/resp/request.js';
import type { Shared } from './shared.js';

export interface WorkerCommandsParts {
  readonly config: Config;
  readonly shared: Shared;
  /** From 0. */
  readonly worker: number;
  readonly tier: Tier;
  readonly turn: Turn;
  readonly tokens: Tokens;
  readonly logger: Logger;
  /** Port of the Redis protocol, 0 when it is not spoken. */
  readonly port: () => number;
}

export function openCommands({
  config,
  shared,
  worker,
  tier,
  turn,
  tokens,
  logger,
  port,
}: WorkerCommandsParts): Commands {
  const { state, watches, map, clients, counterBase, file } = shared;
  return createCommands({
    config,
    worker,
    cache: tier.cache,
    hasFile: file !== undefined,
    turn,
    watcher: watches.watcherOf(worker, map),
    state,
    statistics: state.commands,
    sharedClients: clients,
    counterBase,
    passwords: tokens,
    limits: { bulkLength: LONGEST_WORD, queryBuffer: MOST_PENDING, outputBuffer: MOST_UNTAKEN },
    port,
    onFailure: (error, command) => logger.error({ err: error, command }, 'a command failed'),
  });
}
