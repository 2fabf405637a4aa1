/** What is told of the commands of the server. */
import { block, type Documents, documents, oneOf, pattern, text, word } from './documents.js';

/** Has no effect on what is removed. */
const MODE = oneOf('async', [word('ASYNC', { since: '4.0.0' }), word('SYNC', { since: '6.2.0' })], {
  isOptional: true,
});

export const SERVER: Documents = documents('server', {
  dbsize: {
    summary: 'Number of keys.',
    since: '1.0.0',
    complexity: 'O(1)',
    categories: ['@keyspace'],
    tips: ['request_policy:all_shards', 'response_policy:agg_sum'],
  },
  flushdb: {
    summary: 'Removes all keys.',
    since: '1.0.0',
    complexity: 'O(N), N = keys held',
    history: [
      ['4.0.0', 'ASYNC'],
      ['6.2.0', 'SYNC'],
    ],
    categories: ['@keyspace', '@dangerous'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    arguments: [MODE],
  },
  flushall: {
    summary: 'Removes all keys.',
    since: '1.0.0',
    complexity: 'O(N), N = keys held',
    history: [
      ['4.0.0', 'ASYNC'],
      ['6.2.0', 'SYNC'],
    ],
    categories: ['@keyspace', '@dangerous'],
    tips: ['request_policy:all_shards', 'response_policy:all_succeeded'],
    arguments: [MODE],
  },
  command: {
    summary: 'All commands.',
    since: '2.8.13',
    complexity: 'O(N), N = commands',
    categories: ['@connection'],
    tips: ['nondeterministic_output_order'],
  },
  'command|count': {
    summary: 'Number of commands.',
    since: '2.8.13',
    complexity: 'O(1)',
    categories: ['@connection'],
  },
  'command|list': {
    summary: 'Names of commands.',
    since: '7.0.0',
    complexity: 'O(N), N = commands',
    categories: ['@connection'],
    tips: ['nondeterministic_output_order'],
    arguments: [
      oneOf(
        'filterby',
        [
          text('module-name', { token: 'MODULE' }),
          text('category', { token: 'ACLCAT' }),
          pattern('pattern', { token: 'PATTERN' }),
        ],
        { token: 'FILTERBY', isOptional: true },
      ),
    ],
  },
  'command|info': {
    summary: 'What clients need to know of commands.',
    since: '2.8.13',
    complexity: 'O(N), N = commands named',
    history: [['7.0.0', 'Without names: all commands']],
    categories: ['@connection'],
    tips: ['nondeterministic_output_order'],
    arguments: [text('command-name', { isOptional: true, isMultiple: true })],
  },
  'command|docs': {
    summary: 'What people need to know of commands.',
    since: '7.0.0',
    complexity: 'O(N), N = commands named',
    categories: ['@connection'],
    tips: ['nondeterministic_output_order'],
    arguments: [text('command-name', { isOptional: true, isMultiple: true })],
  },
  'command|getkeys': {
    summary: 'Words of a command that are keys.',
    since: '2.8.13',
    complexity: 'O(N), N = words',
    categories: ['@connection'],
  },
  'command|help': {
    summary: 'Tells of the subcommands.',
    since: '5.0.0',
    complexity: 'O(1)',
    categories: ['@connection'],
  },
  info: {
    summary: 'State and counters of the server.',
    since: '1.0.0',
    complexity: 'O(1)',
    history: [['7.0.0', 'Several sections']],
    categories: ['@dangerous'],
    tips: ['nondeterministic_output', 'request_policy:all_shards', 'response_policy:special'],
    arguments: [text('section', { isOptional: true, isMultiple: true })],
  },
  config: { summary: 'Commands about the configuration.', since: '2.0.0', complexity: 'As the subcommand' },
  'config|resetstat': { summary: 'Lets counters begin from 0 again.', since: '2.0.0', complexity: 'O(1)' },
  'config|get': {
    summary: 'Settings whose names match.',
    since: '2.0.0',
    complexity: 'O(N), N = patterns',
    history: [['7.0.0', 'Several patterns']],
    arguments: [block('parameter', [text('parameter')], { isMultiple: true })],
  },
  'config|help': { summary: 'Tells of the subcommands.', since: '5.0.0', complexity: 'O(1)' },
  time: {
    summary: 'Time of the server.',
    since: '2.6.0',
    complexity: 'O(1)',
    tips: ['nondeterministic_output'],
  },
});
