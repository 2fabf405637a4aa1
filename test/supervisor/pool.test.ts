/** The tests in pool.ts, in plain Node: the pool's threads have the command line of their process. */
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { plain } from '../plain.js';

await t.spawn(...plain(process.execPath, [fileURLToPath(new URL('./pool.js', import.meta.url))]), 'pool');
