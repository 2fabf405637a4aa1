/** Commands that consist of subcommands, and the help that each of them has. */
import { type Command, CommandError, type CommandFlag } from './command.js';

/** What help tells of a subcommand: how it is written, and what it does. */
export type HelpLine = readonly [form: string, meaning: string];

const HELP_FLAGS: readonly CommandFlag[] = ['loading', 'stale'];

/**
 * A command that is nothing without a subcommand.
 *
 * @param lines of its help, without the help's own
 */
export function container(
  name: string,
  subcommands: readonly Command[],
  lines: readonly HelpLine[],
): Command {
  return {
    name,
    arity: -2,
    flags: [],
    run: () => {
      throw new CommandError(`ERR wrong number of arguments for '${name}' command`);
    },
    subcommands: [...subcommands, help(name, lines)],
  };
}

/** The subcommand `HELP`. */
export function help(name: string, lines: readonly HelpLine[]): Command {
  const told = [
    `${name.toUpperCase()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`,
    ...[...lines, ['HELP', 'Tells of the subcommands.'] as const].flatMap(([form, meaning]) => [
      form,
      `    ${meaning}`,
    ]),
  ];
  return {
    name: 'help',
    arity: 2,
    flags: HELP_FLAGS,
    run: (_args, reply) => {
      reply.array(told.length);
      for (const line of told) reply.status(line);
    },
  };
}
