/** All commands of hotshard. */
import { clientCommand } from './client-commands.js';
import type { Clients } from './clients.js';
import type { Command } from './command.js';
import { commandCommand } from './command-command.js';
import { type ConfigParts, configCommand } from './config-command.js';
import { connectionCommands } from './connection.js';
import { infoCommands } from './info.js';
import type { InfoSources } from './info-sections.js';
import type { Passwords } from './login.js';
import type { CommandLookup } from './lookup.js';

export interface TableParts {
  /** Commands over data. */
  readonly data: readonly Command[];
  /** MULTI EXEC DISCARD WATCH UNWATCH. */
  readonly transactions: readonly Command[];
  readonly passwords: Passwords;
  readonly clients: Clients;
  readonly config: ConfigParts;
  /** Asked for only when commands run: both are made of them, or later. */
  readonly lookup: () => CommandLookup;
  readonly information: () => InfoSources;
}

export function commandTable(parts: TableParts): Command[] {
  return [
    ...parts.data,
    ...parts.transactions,
    ...connectionCommands(parts.passwords),
    clientCommand(parts.clients),
    commandCommand(parts.lookup),
    configCommand(parts.config),
    ...infoCommands(parts.information),
  ];
}
