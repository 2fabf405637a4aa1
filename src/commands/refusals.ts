/** Why commands are not run, in Redis's words. */
import type { Arguments } from './arguments.js';
import type { Client } from './client.js';
import { NOT_IN_TRANSACTION } from './command.js';
import { CommandKind, type KnownCommand } from './lookup.js';

/** Characters of an unknown command, and of all its arguments, that are told back. */
const MOST_TOLD_BACK = 128;

/** What keeps a command from running, in the order in which Redis looks. */
export function refusalOf(command: KnownCommand, args: Arguments, client: Client): string | undefined {
  const { arity, subcommands } = command;
  if (subcommands !== undefined && args.count > 1) {
    const word = cut(args.text(1), MOST_TOLD_BACK);
    return `ERR unknown subcommand '${word}'. Try ${command.name.toUpperCase()} HELP.`;
  }
  if (arity > 0 ? args.count !== arity : args.count < -arity) {
    return `ERR wrong number of arguments for '${command.fullName}' command`;
  }
  if (client.access !== 'full') {
    if (client.access === 'none' && !command.isOpen) return 'NOAUTH Authentication required.';
    if (client.access === 'read-only' && command.kind === CommandKind.WRITE) {
      return `NOPERM User default has no permissions to run the '${command.fullName}' command`;
    }
  }
  if (client.transaction !== undefined && command.flags.includes('no_multi')) {
    return NOT_IN_TRANSACTION;
  }
  return undefined;
}

export function unknownCommand(args: Arguments): string {
  let told = '';
  for (let index = 1; index < args.count && told.length < MOST_TOLD_BACK; index++) {
    told += `'${cut(args.text(index), MOST_TOLD_BACK - told.length)}' `;
  }
  return `ERR unknown command '${cut(args.text(0), MOST_TOLD_BACK)}', with args beginning with: ${told}`;
}

/** What `EXEC` answers when it is refused itself: the transaction is over. */
export function abortedBy(refusal: string): string {
  return `EXECABORT Transaction discarded because of: ${refusal.replace(/^ERR /, '')}`;
}

function cut(text: string, length: number): string {
  return text.slice(0, length);
}
