/** What is told of the commands of connections. */
import { block, type Documents, documents, integer, oneOf, text, word } from './documents.js';

export const CONNECTION: Documents = documents('connection', {
  ping: {
    summary: 'Answers PONG, or what it is given.',
    since: '1.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    arguments: [text('message', { isOptional: true })],
  },
  echo: {
    summary: 'Answers what it is given.',
    since: '1.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    arguments: [text('message')],
  },
  hello: {
    summary: 'Chooses the version of the protocol, logs in, and tells of the server.',
    since: '6.0.0',
    complexity: 'O(1)',
    history: [['6.2.0', 'The version may be left out']],
    categories: ['@connection'],
    arguments: [
      block(
        'arguments',
        [
          integer('protover'),
          block('username_password', [text('username'), text('password')], {
            token: 'AUTH',
            isOptional: true,
          }),
          text('clientname', { token: 'SETNAME', isOptional: true }),
        ],
        { isOptional: true },
      ),
    ],
  },
  auth: {
    summary: 'Logs in.',
    since: '1.0.0',
    complexity: 'O(1)',
    history: [['6.0.0', 'A user name']],
    categories: ['@connection'],
    arguments: [text('username', { isOptional: true, since: '6.0.0' }), text('password')],
  },
  select: {
    summary: 'Chooses the database: 0 is the only one.',
    since: '1.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    arguments: [integer('index')],
  },
  quit: { summary: 'Ends the connection.', since: '1.0.0', complexity: 'O(1)', categories: ['@connection'] },
  reset: {
    summary: 'Makes the connection as it was when it was new.',
    since: '6.2.0',
    complexity: 'O(1)',
    categories: ['@connection'],
  },
  client: { summary: 'Commands about connections.', since: '2.4.0', complexity: 'As the subcommand' },
  'client|getname': {
    summary: 'Name of this connection.',
    since: '2.6.9',
    complexity: 'O(1)',
    categories: ['@connection'],
  },
  'client|setname': {
    summary: 'Names this connection.',
    since: '2.6.9',
    complexity: 'O(1)',
    categories: ['@connection'],
    arguments: [text('connection-name')],
  },
  'client|id': {
    summary: 'Number of this connection.',
    since: '5.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
  },
  'client|no-evict': {
    summary: 'Has no effect: connections are not cut off for memory.',
    since: '7.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    arguments: [oneOf('enabled', [word('ON'), word('OFF')])],
  },
  'client|list': {
    summary: 'Connections of all workers.',
    since: '2.4.0',
    complexity: 'O(N), N = connections',
    history: [
      ['2.8.12', 'id'],
      ['5.0.0', 'TYPE'],
      ['6.0.0', 'user'],
      ['6.2.0', 'argv-mem, tot-mem, laddr, redir and ID'],
      ['7.0.0', 'resp, multi-mem, rbs and rbp'],
      ['7.0.3', 'ssub'],
    ],
    categories: ['@connection'],
    tips: ['nondeterministic_output'],
    arguments: [
      oneOf(
        'normal_master_replica_pubsub',
        [word('NORMAL'), word('MASTER'), word('REPLICA'), word('PUBSUB')],
        { token: 'TYPE', isOptional: true, since: '5.0.0' },
      ),
      block('id', [integer('client-id', { isMultiple: true })], {
        token: 'ID',
        isOptional: true,
        since: '6.2.0',
      }),
    ],
  },
  'client|info': {
    summary: 'This connection.',
    since: '6.2.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    tips: ['nondeterministic_output'],
  },
  'client|help': {
    summary: 'Tells of the subcommands.',
    since: '5.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
  },
  'client|setinfo': {
    summary: "Tells the name and the version of the client's library.",
    since: '7.2.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    tips: ['request_policy:all_nodes', 'response_policy:all_succeeded'],
    arguments: [
      oneOf('attr', [text('libname', { token: 'LIB-NAME' }), text('libver', { token: 'LIB-VER' })]),
    ],
  },
  'client|no-touch': {
    summary: 'Has no effect: every read makes a key count as used.',
    since: '7.2.0',
    complexity: 'O(1)',
    categories: ['@connection'],
    arguments: [oneOf('enabled', [word('ON'), word('OFF')])],
  },
});
