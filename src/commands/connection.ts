/** Commands about the connection that they come by: who is there, what is spoken, who it is, and the end of it. */
import type { Arguments } from './arguments.js';
import type { Client } from './client.js';
import { checkName, setName } from './client-name.js';
import { type Command, CommandError, type CommandFlag, SYNTAX_ERROR } from './command.js';
import { checkDatabase } from './database.js';
import { clampedInteger } from './integers.js';
import { initialAccess, logIn, logInByPassword, type Passwords } from './login.js';
import { OK, type Reply } from './reply.js';
import { REDIS_VERSION } from './version.js';

/** Of what may be said at any time. */
const ANY_TIME: readonly CommandFlag[] = ['noscript', 'loading', 'stale', 'fast', 'no_auth', 'allow_busy'];

export function connectionCommands(passwords: Passwords): Command[] {
  return [
    { name: 'ping', arity: -1, flags: ['fast'], run: ping },
    {
      name: 'echo',
      arity: 2,
      flags: ['loading', 'stale', 'fast'],
      run: (args, reply) => reply.bulk(args.view(1)),
    },
    {
      name: 'hello',
      arity: -1,
      flags: ANY_TIME,
      run: (args, reply, client) => hello(passwords, args, reply, client),
    },
    {
      name: 'auth',
      arity: -2,
      flags: ANY_TIME,
      run: (args, reply, client) => auth(passwords, args, reply, client),
    },
    { name: 'select', arity: 2, flags: ['loading', 'stale', 'fast'], run: select },
    {
      name: 'quit',
      arity: -1,
      flags: [...ANY_TIME, 'immediate'],
      run: (_args, reply, client) => {
        client.isEnding = true;
        reply.status(OK);
      },
    },
    {
      name: 'reset',
      arity: 1,
      flags: [...ANY_TIME, 'immediate'],
      run: (_args, reply, client) => {
        reset(passwords, client);
        reply.status('RESET');
      },
    },
  ];
}

function ping(args: Arguments, reply: Reply): void {
  if (args.count > 2) throw new CommandError("ERR wrong number of arguments for 'ping' command");
  if (args.count === 2) reply.bulk(args.view(1));
  else reply.status('PONG');
}

/** `HELLO [version [AUTH user password] [SETNAME name]]`: all of it, or nothing. */
function hello(passwords: Passwords, args: Arguments, reply: Reply, client: Client): void {
  const protocol = args.count > 1 ? versionOf(args) : client.protocol;
  let user: number | undefined;
  let name: number | undefined;
  for (let index = 2; index < args.count; index++) {
    const left = args.count - index - 1;
    if (args.is(index, 'auth') && left >= 2) {
      user = index + 1;
      index += 2;
    } else if (args.is(index, 'setname') && left >= 1) {
      checkName(args, index + 1);
      name = ++index;
    } else {
      throw new CommandError(`ERR Syntax error in HELLO option '${args.text(index)}'`);
    }
  }
  if (user !== undefined) logIn(passwords, client, args, user);
  if (client.access === 'none') {
    throw new CommandError(
      'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> ' +
        'option can be used to authenticate the client and select the RESP protocol version at the same time',
    );
  }
  if (name !== undefined) setName(client, args, name);
  client.protocol = protocol;
  tellServer(reply, client);
}

function versionOf(args: Arguments): 2 | 3 {
  const version = clampedInteger(args, 1, 'ERR Protocol version is not an integer or out of range');
  if (version !== 2 && version !== 3) throw new CommandError('NOPROTO unsupported protocol version');
  return version;
}

/** Clients choose by server and version what they may send, so it is Redis that is told of. */
function tellServer(reply: Reply, { id, protocol }: Client): void {
  reply.map(7);
  reply.text('server');
  reply.text('redis');
  reply.text('version');
  reply.text(REDIS_VERSION);
  reply.text('proto');
  reply.integer(protocol);
  reply.text('id');
  reply.integer(id);
  reply.text('mode');
  reply.text('standalone');
  reply.text('role');
  reply.text('master');
  reply.text('modules');
  reply.array(0);
}

function auth(passwords: Passwords, args: Arguments, reply: Reply, client: Client): void {
  if (args.count > 3) throw new CommandError(SYNTAX_ERROR);
  if (args.count === 3) {
    logIn(passwords, client, args, 1);
  } else if (passwords.required) {
    logInByPassword(passwords, client, args, 1);
  } else {
    throw new CommandError(
      'ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?',
    );
  }
  reply.status(OK);
}

function select(args: Arguments, reply: Reply): void {
  checkDatabase(args, 1);
  reply.status(OK);
}

/** Makes a client as it was when it was new; what it has told of its library stays. */
function reset(passwords: Passwords, client: Client): void {
  client.endTransaction();
  client.access = initialAccess(passwords);
  client.protocol = 2;
  client.name = '';
  client.isNoEvict = false;
  client.isNoTouch = false;
}
