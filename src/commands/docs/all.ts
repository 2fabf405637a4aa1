/** What is told of all commands. */
import { CONNECTION } from './connection.js';
import type { Documents } from './documents.js';
import { KEYS } from './keys.js';
import { SERVER } from './server.js';
import { STRINGS } from './strings.js';
import { TRANSACTIONS } from './transactions.js';

export const DOCUMENTS: Documents = { ...STRINGS, ...KEYS, ...TRANSACTIONS, ...CONNECTION, ...SERVER };
