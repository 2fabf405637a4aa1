/** CONFIG: what is configured, which commands can't change, and counters that begin anew. */
import type { Arguments } from './arguments.js';
import type { Command, CommandFlag } from './command.js';
import { Glob } from './glob.js';
import { OK, type Reply } from './reply.js';
import { container, type HelpLine } from './subcommands.js';

const FLAGS: readonly CommandFlag[] = ['admin', 'noscript', 'loading', 'stale'];

const HELP: readonly HelpLine[] = [
  ['GET <pattern> [<pattern> ...]', 'Settings whose names match.'],
  ['RESETSTAT', 'Lets the counters of INFO begin from 0 again.'],
];

export interface ConfigParts {
  /** Settings by name. */
  settings(): ReadonlyMap<string, string>;
  resetStatistics(): void;
}

export function configCommand(parts: ConfigParts): Command {
  const subcommands: readonly Command[] = [
    {
      name: 'get',
      arity: -3,
      flags: FLAGS,
      run: (args, reply) => get(parts.settings(), args, reply),
    },
    {
      name: 'resetstat',
      arity: 2,
      flags: FLAGS,
      run: (_args, reply) => {
        parts.resetStatistics();
        reply.status(OK);
      },
    },
  ];
  return container('config', subcommands, HELP);
}

function get(settings: ReadonlyMap<string, string>, args: Arguments, reply: Reply): void {
  const globs = Array.from(
    { length: args.count - 2 },
    (_, index) => new Glob(Buffer.from(args.word(2 + index), 'latin1')),
  );
  const found = [...settings].filter(([name]) => globs.some((glob) => glob.matches(Buffer.from(name))));
  reply.map(found.length);
  for (const [name, value] of found) {
    reply.text(name);
    reply.text(value);
  }
}
