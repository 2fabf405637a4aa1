/** CLIENT: what a connection is called and what the server knows of it and the others. */
import type { Arguments } from './arguments.js';
import type { Client } from './client.js';
import { lineOf } from './client-line.js';
import { isPlainWord, setName } from './client-name.js';
import type { Clients } from './clients.js';
import { type Answer, type Command, CommandError, type CommandFlag, SYNTAX_ERROR } from './command.js';
import { clampedInteger } from './integers.js';
import { OK, type Reply } from './reply.js';
import { container, type HelpLine } from './subcommands.js';

const FLAGS: readonly CommandFlag[] = ['noscript', 'loading', 'stale'];
const ADMIN_FLAGS: readonly CommandFlag[] = ['admin', ...FLAGS];

/** Every client is a normal one. */
const TYPES = ['normal', 'master', 'replica', 'slave', 'pubsub'];

const HELP: readonly HelpLine[] = [
  ['GETNAME', 'Name of this connection.'],
  ['ID', 'Number of this connection.'],
  ['INFO', 'What is known of this connection.'],
  ['LIST [TYPE (NORMAL|MASTER|REPLICA|PUBSUB) | ID <id> [<id> ...]]', 'Connections of all workers.'],
  ['NO-EVICT (ON|OFF)', 'Has no effect: connections are not cut off for memory.'],
  ['NO-TOUCH (ON|OFF)', 'Has no effect: every read makes a key count as used.'],
  ['SETINFO (LIB-NAME|LIB-VER) <value>', "Tells the name or the version of the client's library."],
  ['SETNAME <name>', 'Names this connection; an empty name takes it away.'],
];

export function clientCommand(clients: Clients): Command {
  const subcommands: readonly Command[] = [
    { name: 'id', arity: 2, flags: FLAGS, run: (_args, reply, { id }) => reply.integer(id) },
    { name: 'getname', arity: 2, flags: FLAGS, run: getName },
    {
      name: 'setname',
      arity: 3,
      flags: FLAGS,
      run: (args, reply, client) => {
        setName(client, args, 2);
        reply.status(OK);
      },
    },
    { name: 'setinfo', arity: 4, flags: FLAGS, run: setInfo },
    {
      name: 'info',
      arity: 2,
      flags: FLAGS,
      run: (_args, reply, client) => reply.verbatim(`${lineOf(client)}\n`),
    },
    {
      name: 'list',
      arity: -2,
      // The other workers have to be asked, for which a transaction can't wait.
      flags: [...ADMIN_FLAGS, 'no_multi'],
      run: (args) => list(clients, wantedBy(args)),
    },
    {
      name: 'no-evict',
      arity: 3,
      flags: ADMIN_FLAGS,
      run: (args, reply, client) => {
        client.isNoEvict = isOn(args);
        reply.status(OK);
      },
    },
    {
      name: 'no-touch',
      arity: 3,
      flags: FLAGS,
      run: (args, reply, client) => {
        client.isNoTouch = isOn(args);
        reply.status(OK);
      },
    },
  ];
  return container('client', subcommands, HELP);
}

function getName(_args: Arguments, reply: Reply, { name }: Client): void {
  if (name === '') reply.nil();
  else reply.text(name);
}

function setInfo(args: Arguments, reply: Reply, client: Client): void {
  const isName = args.is(2, 'lib-name');
  if (!isName && !args.is(2, 'lib-ver')) {
    throw new CommandError(`ERR Unrecognized option '${args.text(2)}'`);
  }
  if (!isPlainWord(args, 3)) {
    throw new CommandError(`ERR ${args.text(2)} cannot contain spaces, newlines or special characters.`);
  }
  if (isName) client.libraryName = args.text(3);
  else client.libraryVersion = args.text(3);
  reply.status(OK);
}

function isOn(args: Arguments): boolean {
  if (args.is(2, 'on')) return true;
  if (args.is(2, 'off')) return false;
  throw new CommandError(SYNTAX_ERROR);
}

/** Numbers of the clients that are to be listed; undefined: all. */
function wantedBy(args: Arguments): readonly number[] | undefined {
  if (args.count === 2) return undefined;
  if (args.count === 4 && args.is(2, 'type')) {
    const type = args.word(3);
    if (!TYPES.includes(type)) throw new CommandError(`ERR Unknown client type '${args.text(3)}'`);
    return type === 'normal' ? undefined : [];
  }
  if (args.count === 3 || !args.is(2, 'id')) throw new CommandError(SYNTAX_ERROR);
  return Array.from({ length: args.count - 3 }, (_, index) =>
    clampedInteger(args, 3 + index, 'ERR Invalid client ID'),
  );
}

async function list(clients: Clients, wanted: readonly number[] | undefined): Promise<Answer> {
  const lines = await clients.lines(wanted);
  return (reply) => reply.verbatim(lines.map((line) => `${line}\n`).join(''));
}
