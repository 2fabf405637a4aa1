/** What is told of the commands of transactions. */
import { type Documents, documents, key } from './documents.js';

export const TRANSACTIONS: Documents = documents('transactions', {
  multi: {
    summary: 'Begins a transaction.',
    since: '1.2.0',
    complexity: 'O(1)',
    categories: ['@transaction'],
  },
  exec: {
    summary: 'Runs all commands of a transaction at once.',
    since: '1.2.0',
    complexity: 'As its commands',
    categories: ['@transaction'],
  },
  discard: {
    summary: 'Drops a transaction.',
    since: '2.0.0',
    complexity: 'O(N), N = commands queued',
    categories: ['@transaction'],
  },
  watch: {
    summary: 'Lets EXEC run nothing if one of these keys has changed by then.',
    since: '2.2.0',
    complexity: 'O(N), N = keys named',
    categories: ['@transaction'],
    keySpecs: [{ flags: 'RO' }],
    arguments: [key('key', { isMultiple: true })],
  },
  unwatch: {
    summary: 'Watches no key any more.',
    since: '2.2.0',
    complexity: 'O(1)',
    categories: ['@transaction'],
  },
});
