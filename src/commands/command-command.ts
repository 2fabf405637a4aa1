/** COMMAND: what commands there are, for clients that route and check them and for people who look them up. */
import { Arguments } from './arguments.js';
import { type Command, CommandError, type CommandFlag, SYNTAX_ERROR } from './command.js';
import { writeDocs } from './command-docs.js';
import { categoriesOf, writeInfo } from './command-info.js';
import { DOCUMENTS } from './docs/all.js';
import type { CommandDocument } from './docs/documents.js';
import { Glob } from './glob.js';
import { keyIndexes } from './key-indexes.js';
import type { CommandLookup, KnownCommand } from './lookup.js';
import type { Reply } from './reply.js';
import { type HelpLine, help } from './subcommands.js';

const FLAGS: readonly CommandFlag[] = ['loading', 'stale'];

const HELP: readonly HelpLine[] = [
  ['(no subcommand)', 'What clients need to know of all commands.'],
  ['COUNT', 'Number of commands.'],
  ['DOCS [<command> ...]', 'What people need to know of commands; of all when none is named.'],
  ['GETKEYS <command> [<word> ...]', 'Words of a command that are keys.'],
  ['INFO [<command> ...]', 'What clients need to know of commands; of all when none is named.'],
  ['LIST [FILTERBY (MODULE <name> | ACLCAT <category> | PATTERN <pattern>)]', 'Names of commands.'],
];

/** @param commands asked for only when it runs: they include this one */
export function commandCommand(commands: () => CommandLookup): Command {
  return {
    name: 'command',
    arity: -1,
    flags: FLAGS,
    run: (_args, reply) => {
      const { topLevel } = commands();
      reply.array(topLevel.length);
      for (const command of topLevel) writeInfo(command, documentOf, reply);
    },
    subcommands: [
      {
        name: 'count',
        arity: 2,
        flags: FLAGS,
        run: (_args, reply) => reply.integer(commands().topLevel.length),
      },
      { name: 'docs', arity: -2, flags: FLAGS, run: (args, reply) => docs(commands(), args, reply) },
      { name: 'getkeys', arity: -3, flags: FLAGS, run: (args, reply) => getKeys(commands(), args, reply) },
      { name: 'info', arity: -2, flags: FLAGS, run: (args, reply) => info(commands(), args, reply) },
      { name: 'list', arity: -2, flags: FLAGS, run: (args, reply) => list(commands(), args, reply) },
      help('command', HELP),
    ],
  };
}

function documentOf({ fullName }: KnownCommand): CommandDocument | undefined {
  return DOCUMENTS[fullName];
}

/** The commands that are named from the third word on; undefined for one that is not known. */
function named(commands: CommandLookup, args: Arguments): (KnownCommand | undefined)[] {
  if (args.count === 2) return [...commands.topLevel];
  return Array.from({ length: args.count - 2 }, (_, index) => commands.named(args.text(2 + index)));
}

function docs(commands: CommandLookup, args: Arguments, reply: Reply): void {
  const known = named(commands, args).filter((command) => command !== undefined);
  writeDocs(known, documentOf, reply);
}

function info(commands: CommandLookup, args: Arguments, reply: Reply): void {
  const found = named(commands, args);
  reply.array(found.length);
  for (const command of found) {
    if (command === undefined) reply.nil();
    else writeInfo(command, documentOf, reply);
  }
}

function getKeys(commands: CommandLookup, args: Arguments, reply: Reply): void {
  const words = Array.from({ length: args.count - 2 }, (_, index) => args.view(2 + index));
  const inner = Arguments.of(words);
  const command = commands.find(inner);
  if (command === undefined) throw new CommandError('ERR Invalid command specified');
  if (command.keys === undefined) throw new CommandError('ERR The command has no key arguments');
  const { arity } = command;
  if (arity > 0 ? inner.count !== arity : inner.count < -arity) {
    throw new CommandError('ERR Invalid number of arguments specified for command');
  }
  const keys = [...keyIndexes(command, inner)];
  reply.array(keys.length);
  for (const index of keys) reply.bulk(inner.view(index));
}

function list(commands: CommandLookup, args: Arguments, reply: Reply): void {
  const found = args.count === 2 ? commands.all : commands.all.filter(filterOf(args));
  reply.array(found.length);
  for (const { fullName } of found) reply.text(fullName);
}

/** @throws {CommandError} when the words are no filter */
function filterOf(args: Arguments): (command: KnownCommand) => boolean {
  if (args.count === 5 && args.is(2, 'filterby')) {
    // There are no modules.
    if (args.is(3, 'module')) return () => false;
    if (args.is(3, 'aclcat')) {
      const category = `@${args.word(4)}`;
      return (command) => categoriesOf(command, documentOf(command)).includes(category);
    }
    if (args.is(3, 'pattern')) {
      const glob = new Glob(Buffer.from(args.word(4), 'latin1'));
      return ({ fullName }) => glob.matches(Buffer.from(fullName));
    }
  }
  throw new CommandError(SYNTAX_ERROR);
}
